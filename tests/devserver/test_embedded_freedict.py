import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.backends.errors import EngineNotInstalled
from devserver.embedded.testing import write_dictionary
from devserver.embedded.translation.dictd import Dictionary, default_cache_dir, dictd_digits, dictd_number
from devserver.embedded.translation.freedict import FreeDict
from devserver.embedded.translation.glosses import choose_gloss
from devserver.embedded.translation.lemmas import forms_to_try
from devserver.embedded.translation.splitting import split_words

GERMAN = {
    "00databaseinfo": "00databaseinfo\nEdition: 1.9-fd1",
    "eine": ["eine /ˈaɪnə/ <art>\na <art>, an <art>"],
    "die": ["die <pron>\nthat <pron>", "die <art>\nthe <art>"],
    "Blume": ["Blume <fem, n, sg>\n [cook.] bouquet <n>, aroma <n>", "Blume <fem, n, sg>\nflower <n>\n see: {Blumen}"],
    "Wiese": ["Wiese <fem, n, sg>\nmeadow <n>"],
    "auf": ["auf <prep>\non <prep>"],
    "fliegen": ["Fliegen <pl>\nflies", "fliegen <v>\nto fly"],
    "Norwegische Krone": "norwegische Krone (NOK)\nNorwegian krone",
}
needs_german = pytest.mark.skipif(
    ("de", "en") not in FreeDict().pairs(), reason="dict-freedict-deu-eng is not installed: tools/install_engines.sh"
)


@pytest.fixture
def engine(tmp_path):
    write_dictionary(tmp_path, "deu-eng", GERMAN)
    return FreeDict(directory=tmp_path, cache_dir=tmp_path / "cache")


def test_a_text_is_translated_word_for_word_with_capitals_and_marks_kept(engine):
    """Sentence capitals, punctuation and line ends of the source stand in the translation."""
    result = engine.translate("Eine Blume auf der Wiese!\n(die Blume)", from_lang="de", to_lang="en")

    assert result.text == "A flower on der meadow!\n(the flower)"
    assert result.passed["dictionary"] == "freedict-deu-eng.dict.dz"


def test_words_that_are_not_listed_stay_and_are_counted(engine):
    """An unknown word is kept as it is written, and the facts name it once and count it each time."""
    result = engine.translate("Quux und Quux", from_lang="de", to_lang="en")

    assert result.text == "Quux und Quux"
    assert result.facts["unknown_words"] == 3
    assert result.facts["unknown_word_list"] == ("Quux", "und")


def test_an_inflected_form_is_found_under_its_lemma(engine):
    """What the dictionary lists only as a lemma is found from its inflected form, verbs before nouns by case."""
    result = engine.translate("fliegt", from_lang="de", to_lang="en")

    assert result.text == "fly"
    assert result.facts["lemmatised_words"] == 1


@pytest.mark.parametrize(
    ("word", "lang", "forms"),
    [
        ("Blumen", "de", ["Blumen", "Blume"]),
        ("زهرة", "pl", ["زهرة"]),
        ("meadow", "el", ["meadow"]),
        ("12", "pl", ["12"]),
        ("Häuser", "de", ["Häuser", "Haus"]),
    ],
)
def test_a_word_in_another_script_has_no_lemma_here(word, lang, forms):
    """What travelled on unlisted is not looked for among the lemmas of a language that is not written so."""
    assert list(forms_to_try(word, lang)) == forms


def test_plain_gzip_serves_as_well_as_dictzip(tmp_path):
    """A dictionary whose text is ordinary gzip gives the same entries."""
    zipped, plain = tmp_path / "zipped", tmp_path / "plain"
    for directory, dictzip in ((zipped, True), (plain, False)):
        directory.mkdir()
        write_dictionary(directory, "deu-eng", GERMAN, dictzip=dictzip)
    results = [
        FreeDict(directory=directory, cache_dir=tmp_path / "cache").translate("die Blume", from_lang="de", to_lang="en")
        for directory in (zipped, plain)
    ]

    assert results[0] == results[1]
    assert results[0].text == "the flower"


def test_without_a_package_the_version_is_the_edition_the_dictionary_states(engine):
    """A dictionary from elsewhere is named by its own edition."""
    assert engine.version_of("de", "en") == "1.9-fd1"


def test_a_missing_dictionary_names_the_package_that_brings_it(engine):
    """The error says which file was looked for and what to install."""
    with pytest.raises(EngineNotInstalled, match="apt-get install dict-freedict-eng-ara"):
        engine.translate("moon", from_lang="en", to_lang="ar")


def test_japanese_is_cut_into_the_longest_listed_words(tmp_path):
    """Text without spaces is matched from left to right, particles left out, stops made western."""
    write_dictionary(
        tmp_path,
        "jpn-eng",
        {"猫": "猫 /x/\n(noun (common))\ncat", "海": "海\nsea", "海猫": "海猫\n1. gull", "見る": "見る\nto see"},
    )
    engine = FreeDict(directory=tmp_path, cache_dir=tmp_path / "cache")

    assert engine.translate("海猫は海を見る。猫", from_lang="ja", to_lang="en").text == "Gull sea see. Cat"


def test_japanese_is_written_without_spaces_between_its_words(tmp_path):
    """Words in Japanese script stand together, kept foreign words stand apart."""
    write_dictionary(tmp_path, "eng-jpn", {"my": "my\n私の", "flower": "flower <n>\n花"})
    engine = FreeDict(directory=tmp_path, cache_dir=tmp_path / "cache")

    assert engine.translate("my flower sings", from_lang="en", to_lang="ja").text == "私の花 sings"


def test_articles_are_left_out_where_the_target_language_has_none(tmp_path):
    """Polish has no articles; the capital of the sentence goes to the word that begins it now."""
    write_dictionary(tmp_path, "eng-pol", {"flower": "flower <N>\nkwiat", "on": "on\nna", "meadow": "meadow\nłąka"})
    engine = FreeDict(directory=tmp_path, cache_dir=tmp_path / "cache")

    assert engine.translate("The flower, on a meadow.", from_lang="en", to_lang="pl").text == "Kwiat, na łąka."
    assert engine.translate("The", from_lang="en", to_lang="pl").text == "The"


def test_turkish_capitals_have_their_dots(tmp_path):
    """A Turkish word that begins a sentence gets the capital that Turkish gives it."""
    write_dictionary(tmp_path, "eng-tur", {"rope": "rope\n1. ip, halat"})
    engine = FreeDict(directory=tmp_path, cache_dir=tmp_path / "cache")

    assert engine.translate("Rope", from_lang="en", to_lang="tr").text == "İp"


def test_the_parsed_index_is_kept_private_and_used_again(tmp_path):
    """The cached index is the user's alone (0700, 0600) and a second start opens it without writing."""
    index_file = write_dictionary(tmp_path, "deu-eng", GERMAN)
    cache = tmp_path / "cache"

    Dictionary(index_file, cache_dir=cache).close()
    (cached,) = cache.iterdir()
    written = cached.stat().st_mtime_ns
    assert "Blume" in Dictionary(index_file, cache_dir=cache)

    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert stat.S_IMODE(cached.stat().st_mode) == 0o600
    assert cached.stat().st_mtime_ns == written


def test_a_changed_dictionary_is_parsed_anew_and_the_old_index_goes(tmp_path):
    """The cache follows the file's size and time, and keeps one index a dictionary."""
    cache = tmp_path / "cache"
    Dictionary(write_dictionary(tmp_path, "deu-eng", {"Blume": "Blume\nflower"}), cache_dir=cache)
    changed = write_dictionary(tmp_path, "deu-eng", {"Blume": "Blume\nflower", "Mond": "Mond\nmoon"})

    assert "Mond" in Dictionary(changed, cache_dir=cache)
    assert len(list(cache.iterdir())) == 1


def test_a_broken_cache_is_built_again(tmp_path):
    """A file that is no index any more is replaced, not trusted."""
    index_file = write_dictionary(tmp_path, "deu-eng", GERMAN)
    cache = tmp_path / "cache"
    Dictionary(index_file, cache_dir=cache).close()
    (cached,) = cache.iterdir()
    cached.write_bytes(b"not a database")

    assert "Blume" in Dictionary(index_file, cache_dir=cache)


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path):
    """Where the cache directory is impossible the index lives in memory and answers the same."""
    index_file = write_dictionary(tmp_path, "deu-eng", GERMAN)
    blocked = tmp_path / "a-file"
    blocked.write_text("in the way")

    assert "Blume" in Dictionary(index_file, cache_dir=blocked / "cache")


def test_the_cache_lies_where_the_user_wants_it(monkeypatch, tmp_path):
    """$XDG_CACHE_HOME counts when it is an absolute path, else ~/.cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "otel-tracking" / "dictd"

    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / ".cache" / "otel-tracking" / "dictd"


@pytest.mark.parametrize(
    ("entry", "to_lang", "gloss"),
    [
        ("moon /mu:n/ <N>\n 1.  księżyc\n 2.  be over the moon", "pl", "księżyc"),
        ("flower /ˈflaʊə/\nI.  <N>  kwiat\nII.  <V> 1.  kwitnąć", "pl", "kwiat"),
        ("robot /x/\n1. insan gibi çalışan makina, robot\n2. her türlü", "tr", "robot"),
        ("the /x/\n1. (eski ye)   bir, o (tarif edatı, harfi tarif)", "tr", "bir"),
        ("księżyc <n>\n1. moon 2.\nKsiężyc widziany jako tarcza\n 3.", "en", "moon"),
        ("歌う /x/\n1. (Godan verb with `u' ending)\n (transitive verb)\nto sing", "en", "sing"),
        ("Straße <fem, n, sg>\nroad <n>Rd,  /ˌɛɾdˈeː/ ", "en", "road"),
        ('auf <prep>\n      "auf der Erde"  - on earth\n   Synonyms: {an}', "en", None),
    ],
)
def test_the_first_sense_after_the_grammar_is_the_gloss(entry, to_lang, gloss):
    """Numbers, grammar, labels, sounds and explanations of each dictionary's own kind are passed over."""
    assert choose_gloss([entry], "", to_lang=to_lang) == gloss


def test_an_abbreviation_does_not_stand_for_what_it_abbreviates():
    """An entry with a longer headword of its own is not the word's."""
    assert choose_gloss(["Norwegische Krone (NOK)\nNorwegian krone"], "Nok", to_lang="en") is None


@given(st.integers(min_value=0, max_value=2**40))
def test_dictd_numbers_are_read_as_they_are_written(number):
    """Writing a number in dictd's digits and reading it gives the number."""
    assert dictd_number(dictd_digits(number)) == number


@given(st.text(max_size=200))
def test_a_text_taken_apart_is_whole_again_when_put_together(text):
    """No character is lost or added between words and what stands around them."""
    words, rest = split_words(text)

    assert "".join(word.before + word.text for word in words) + rest == text


@pytest.fixture(scope="module")
def german(index_cache):
    return FreeDict(cache_dir=index_cache)


@needs_german
def test_the_real_dictionary_translates_a_child_s_prompt(german):
    """The German prompt of the first workshop comes out right, with the package's version."""
    result = german.translate("Eine Blume auf der Wiese", from_lang="de", to_lang="en")

    assert result.text == "A flower on the meadow"
    assert german.version_of("de", "en").startswith("dict-freedict-deu-eng ")


@needs_german
def test_the_real_dictionary_gives_the_same_answer_each_time(german):
    """The same text gives an equal result, facts included."""
    prompt = "Eine Schnecke kriecht auf der Straße, ein Schuh fliegt durch die Luft."

    first, second = (german.translate(prompt, from_lang="de", to_lang="en") for _ in range(2))

    assert first == second
    assert first.text == "A snail creeps on the road, a shoe fly by the air."


@needs_german
def test_hostile_text_comes_through_the_real_dictionary(german):
    """NUL, markup, joined emoji, right-to-left text and a lone surrogate break nothing."""
    result = german.translate("\x00 ]]> <script> 👩‍👩‍👧 زهرة \ud800 Blume", from_lang="de", to_lang="en")

    assert result.text == "  ]]> <script> 👩‍👩‍👧 زهرة ? Flower"
    assert result.facts["replaced_characters"] == 2
