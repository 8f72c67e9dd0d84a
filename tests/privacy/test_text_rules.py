"""What each rule finds and what it leaves alone; what happens where a text is disguised, or a rule fails."""

import base64
import html
import json
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text

from exporters.errors import UnusableRoster
from exporters.privacy.folding import fold, fold_with_places
from exporters.privacy.roster import Roster, read_roster
from exporters.privacy.text_rules import DISGUISED, UNREAD, Hit, TextRules
from exporters.privacy.usual_rules import usual_rules

NAMES = [
    "Anna Müller",
    "Tim",
    "Şeyma Çağla",
    "O'Neil",
    "山田 花子",
    "Li Wang",
    "Jörg von der Heide",
    "Zoe",
    "Mueller-Öz",
]
RULES = usual_rules(Roster(NAMES))

NAMED = [
    *("Anna", "anna", "ANNA", "Annas", "ANNAS", "Annachen", "Annchen", "Ännchen", "Annalein", "Annaleins", "Anna's"),
    *("Anna’nın evi", "Anna'yla", "Annanın evi", "annadan", "Anna-Lena", "(Anna)", "Anna7b", "7bAnna", "anna_7b.png"),
    *("Müller", "MÜLLER", "Muller", "Mueller", "MUELLER", "Müllers", "Mu\u0308ller", "Mülleröz"),
    *("AnnaMüller", "annamüller", "ANNAMÜLLER", "mülleranna", "anna_mueller.png", "anna.mueller", "meinBildVonAnna"),
    *("PNGAnna", "Müller, Anna", "An\u200bna", "An\u00adna", "Ａｎｎａ", "𝐀𝐧𝐧𝐚", "Anna\u0301", "/home/anna/bild"),
    *("Tim", "Tims", "tim!", "Timchen", "TimTom", "Seyma", "şeyma", "ŞEYMA", "Sheyma", "cagla", "Çağla'nın"),
    *(
        "O'Neil",
        "O’Neil",
        "oneil",
        "Neil",
        "花子",
        "花子さんの絵",
        "山田花子",
        "Li Wang",
        "wang li",
        "liwang",
        "Li\nWang",
    ),
    *("Heide", "joerg", "Jorg", "Jörgs", "Zoe", "Zoë", "Zoes", "AnnaですTim", "_anna_", "anna@", "«Anna»"),
]
NOT_NAMED = [
    *("Eine Blume auf der Wiese", "Ein Haus am See mit drei Enten", "Der Hund von der Nachbarin", "Zeitimer im Zeitim"),
    *("Timing", "Wasser in der Kanne", "Der Zoo und die Zote", "Hannah malt", "Ananas", "savanna", "A n n a"),
    *("bir çiçek çayırda", "su içen bir kedi", "野原の花", "山の田んぼ", "a flower in the meadow", "le li la", "Timon"),
    *("زهرة في المرج", "Цветок на лугу", "ein müllerhafter Tag", "seed 123456789", "KSampler", "mistral-nemo:latest"),
]


@pytest.mark.parametrize("text", NAMED)
def test_a_name_of_the_roster_is_found_however_it_is_written(text):
    clean = RULES.clean(text)

    assert "[" in clean.text
    assert not {"anna", "muller", "mueller", "tim", "seyma", "neil", "heide", "wang", "花子", "zoe"} & set(
        fold(clean.text).split()
    )


@pytest.mark.parametrize("text", NOT_NAMED)
def test_what_is_no_name_stays_as_it_is(text):
    assert RULES.clean(text).text == text


def test_an_ending_of_another_language_stays_behind_the_name():
    """`'nın` says what the sentence says, and nothing of who it is."""
    assert RULES.clean("Anna'nın evi").text == "[name]'nın evi"


FORMS = {
    "[e-mail]": ["anna@schule.de", "a.b+c@x.example.com", "max (at) schule.de", "max[at]web.de", "kind@localhost"],
    "[url]": [
        *("https://schule.de/klasse7b?kind=3", "ftp://x.org", "www.unsere-klasse.foo", "schule.de", "schule.de/7b"),
        *("x.y.schule.at", "HTTP://A.B", "schule.es/7b", "klasse7b.jimdo.com", "SCHULE.DE", "mein.blog"),
    ],
    "[phone]": [
        *("0421 1234567", "+49 170 1234567", "0170/1234567", "(0421) 123-4567", "+90 532 123 45 67", "0532 123 45 67"),
        *("079 123 45 67", "0664 1234567", "07700 900123", "(212) 555-0187", "+81 3-1234-5678"),
    ],
    "[address]": [
        *("Hauptstraße 5", "Hauptstr. 5a", "Lange Strasse 12", "rosenweg 7", "Goetheplatz 3", "Am Alten Markt 5"),
        *("28195 Bremen", "D-28195 Bremen", "60311 Frankfurt am Main", "A-1010 Wien", "12 Baker Street", "SW1A 1AA"),
        *("Lange Reihe 7, 20099 Hamburg", "1600 Pennsylvania Avenue", "NY 10001", "Atatürk Caddesi No: 5"),
    ],
    "[data]": ["data:image/png;base64,iVBORw0KGgo=", "iVBORw0KGgo" * 30, "\n".join(["QUJD" * 19] * 4)],
}


@pytest.mark.parametrize(("marker", "text"), [(marker, text) for marker, texts in FORMS.items() for text in texts])
def test_a_form_is_found_in_the_midst_of_a_text(marker, text):
    clean = RULES.clean(f"hier: {text} ja")

    assert marker in clean.text
    assert text not in clean.text
    assert sum(clean.found.values()) >= 1


@pytest.mark.parametrize(
    "text",
    [
        *("Blume.Es war einmal", "Ende.Der Mond", "10000 Blumen", "99999 Luftballons", "20000 Meilen unter dem Meer"),
        *("Spielplatz 3 Kinder", "3 Enten, 2 Hunde und 1 Katze", "1920x1080", "2026-11-23T12:00:00", "5.5", "1/2"),
        *("sd3.5_large.safetensors", "openai/gpt-4o", "apertium 3.8.3", "node 12", "1, 2, 3, 4, 5, 6, 7, 8"),
        *("0e3a0561" * 8, "-687734797039316", "exec_20261123_120000_0e3a0561", "Es ist 12:30 Uhr", "50% Rabatt"),
        *("Tom & Jerry", "a=b", "\\o/", "😀👩‍👧", "Straße im Regen", "im Jahr 2050 Roboter", "10 große Straßen"),
    ],
)
def test_ordinary_texts_have_no_such_form(text):
    assert RULES.clean(text).text == text


DISGUISES = {
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "percent, of letters beyond ASCII": lambda text: quote(f"{text} ä"),
    "percent, twice": lambda text: quote("".join(f"%{byte:02x}" for byte in text.encode())),
    "percent, latin-1": lambda text: quote(text, safe="", encoding="latin-1"),
    "entities": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(sign):x};" for sign in text),
    "JSON": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "JSON in JSON": lambda text: json.dumps("".join(f"\\u{ord(sign):04x}" for sign in text)),
    "escapes": lambda text: "".join(f"\\x{ord(sign):02x}" for sign in text),
    "a line end": lambda text: f"x\\n{text.lower()}",
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, of a sentence": lambda text: base64.b64encode(f"Hallo {text}, wie geht es?".encode()).decode(),
    "base64, for URLs": lambda text: base64.urlsafe_b64encode(f"??>> {text}".encode()).decode().rstrip("="),
    "base64, in lines": lambda text: base64.encodebytes(f"Hallo {text} ".encode() * 9).decode(),
    "base64, of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "unseen characters": lambda text: "\u200b".join(text),
    "full-width letters": lambda text: "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() else sign for sign in text),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "an entity of an entity": lambda text: html.escape("".join(f"&#{ord(sign)};" for sign in text)),
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("name", ["Anna", "Müller", "Tim"])
def test_a_name_in_disguise_is_found(disguise, name):
    disguised = DISGUISES[disguise](name)
    clean = RULES.clean(f"ein Bild von {disguised} hier" if "\n" not in disguised else disguised)

    assert disguised not in clean.text
    assert clean.text.strip() in (f"[{DISGUISED}]", "[data]") or "[name]" in clean.text


def test_what_is_wrapped_without_end_is_replaced_whole():
    text = "Blume ä"
    for _ in range(30):
        text = quote(text)
    assert RULES.clean(text).text == f"[{DISGUISED}]"


class Failing:
    name, version = "my own rule", "7"

    def __call__(self, text):
        if "Blume" in text:
            raise RuntimeError(text)
        return []


class FoundBeyond(Failing):
    def __call__(self, text):
        return [Hit(0, len(text) + 1, "x")]


@pytest.mark.parametrize("rule", [Failing(), FoundBeyond()])
def test_a_text_that_a_rule_fails_at_is_left_out(rule):
    clean = TextRules([rule]).clean("Eine Blume auf der Wiese")

    assert (clean.text, clean.failed) == (UNREAD, "my own rule")


def test_any_callable_is_a_rule_and_overlapping_finds_are_one():
    class Words:
        name, version = "words", "1"

        def __call__(self, text):
            if text.startswith("0123"):
                yield from [(9, 10, "c"), Hit(2, 9, "b"), Hit(0, 4, "a")]

    rules = TextRules([Words()])
    assert rules.versions == ("words 1",)
    assert rules.clean("0123456789abc").text == "[a][c]abc"


def test_counts_say_how_often_something_of_a_kind_was_found():
    assert dict(RULES.clean("Anna und Tim, anna@schule.de").found) == {"name": 2, "e-mail": 1}


@given(any_text | st.text(max_size=200))
def test_the_rules_never_raise_and_find_nothing_more_in_what_they_made(text):
    clean = RULES.clean(text)

    assert RULES.clean(clean.text).text == clean.text
    assert not clean.failed


@given(any_text | st.text(max_size=60))
def test_places_of_folded_characters_fit_the_folded_text(text):
    folded, places = fold_with_places(text)

    assert folded == fold(text)
    assert len(places) == len(folded)
    assert places == sorted(places)


@given(st.sampled_from(NAMES), st.text(max_size=20), st.text(max_size=20))
def test_a_name_between_boundaries_is_found_in_any_text(name, before, after):
    assert name not in RULES.clean(f"{before} {name} {after}").text


# The file


def a_file(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "roster.txt"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_roster_is_a_name_on_each_line_with_comments(tmp_path):
    roster = read_roster(a_file(tmp_path, "\ufeff# class 7b\r\nAnna Müller  # both parts\n\n  Tim\n"))

    assert TextRules([roster]).clean("Tim, Müller, both, class, parts").text == "[name], [name], both, class, parts"


def test_signs_of_patterns_are_plain(tmp_path):
    rules = TextRules([read_roster(a_file(tmp_path, "Tim.*(\nA[nm]na\n^Zoe$\n"))])

    assert rules.clean("Tim, Anna, Zoe, Timotheus").text == "[name], Anna, [name], Timotheus"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(".*(\n", "line 1 has no letter"), ("Anna\n123\n", "line 2 has no letter"), ("# none\n\n", "has no name")],
)
def test_a_roster_that_cannot_be_looked_for_is_refused_in_a_sentence(tmp_path, text, sentence):
    with pytest.raises(UnusableRoster, match=sentence) as raised:
        read_roster(a_file(tmp_path, text))
    assert "123" not in str(raised.value)


def test_a_roster_in_another_encoding_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(UnusableRoster, match="not text in UTF-8"):
        read_roster(a_file(tmp_path, "Jörg\n", "latin-1"))


def test_five_hundred_names_are_one_search():
    names = [f"Kind{chr(0x61 + number % 26)}{chr(0x61 + number // 26)} Beispiel" for number in range(500)]
    assert TextRules([Roster(names)]).clean(f"{names[499].split()[0]} malt").text == "[name] malt"


def test_a_region_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="no telephone numbers are known of XX"):
        usual_rules(regions=["DE", "XX"])
