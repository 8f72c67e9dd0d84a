import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.safety import check_terms
from devserver.safety.lists import LIST_NAMES, load_lists, parse_list
from devserver.safety.terms import LEVELS


def test_a_banned_sign_is_found_in_a_child_s_prompt():
    """The verdict has the code of the law and the listed term."""
    verdict = check_terms("Zeichne eine ISIS Flagge", level="kids", language="de", stage=1)

    assert not verdict.safe
    assert verdict.codes == ("§86a",)
    assert verdict.found_terms == ("ISIS",)
    assert verdict.method == "starter term lists"
    assert verdict.list_version == "86a starter-1"


@pytest.mark.parametrize("text", ["Die Krisis der Basis", "USS Enterprise", "Isistius", "crisis", "Hakendraht"])
def test_terms_inside_of_longer_words_are_no_hits(text):
    """Whole words only."""
    assert check_terms(text, level="kids", language="de").safe


@pytest.mark.parametrize(
    "text",
    [
        "hakenkreuz", "HAKENKREUZE", "Hakenkreuzflagge", "eine Hakenkreuz-Flagge", "Haken\u00adkreuz",
        "H\u200bakenkreuz", "Hitlergruß", "HITLERGRUSS", "Sieg-Heil!", "sieg  heil", "Waffen-SS", "blood and honour",
        "ISIS-Flagge", "Isis",
    ],
)  # fmt: skip
def test_case_hyphens_endings_and_invisible_characters_hide_nothing(text):
    """The same term in the ways it is written."""
    assert check_terms(text, level="youth", language="de", stage=1).codes == ("§86a",)


@pytest.mark.parametrize("text", ["Dämon", "DÄMONEN", "Da\u0308mon", "Daemon"])
def test_umlauts_are_one_however_they_are_written(text):
    """One character, two characters or spelled out."""
    assert check_terms(text, level="kids", language="de").found_terms == ("Dämon",)


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Ein gruseliger Vampir im Wald", "de", ("gruselig", "Vampir")),
        ("Zwei gruselige Vampire", "de", ("gruselig", "Vampir")),
        ("A scary vampire in the wood", "en", ("scary", "vampire")),
        ("monsters and ghosts", "en", ("monster", "ghost")),
    ],
)
def test_frightening_words_are_for_kids_and_for_stage_3_only(text, language, found):
    """Young people may meet a vampire, and stage 1 asks for signs only."""
    assert check_terms(text, level="kids", language=language, stage=3).found_terms == found
    assert check_terms(text, level="kids", language=language, stage=3).codes == ("frightening",)
    assert check_terms(text, level="kids", language=language, stage=1).safe
    assert check_terms(text, level="youth", language=language, stage=3).safe


def test_violence_counts_for_kids_and_youth():
    """The list for young people counts for children too."""
    for level in ("kids", "youth"):
        assert check_terms("ein blutiges Massaker", level=level, language="de").codes[-1] == "violence"


def test_a_word_counts_in_its_language():
    """English words are no German ones: "Gift" or "Monster" may differ, "scary" does."""
    assert check_terms("scary", level="kids", language="de").safe
    assert not check_terms("scary", level="kids", language="en").safe


def test_a_language_without_a_list_is_checked_against_all():
    """Turkish has no list of its own, so every list counts."""
    assert not check_terms("swastika", level="kids", language="tr").safe
    assert not check_terms("Hakenkreuz", level="kids", language="tr").safe


def test_off_checks_nothing_and_says_so():
    """A verdict of `off` cannot be taken for a check that found nothing."""
    verdict = check_terms("ISIS", level="off", language="de")

    assert verdict.safe
    assert verdict.method == "off: nothing was checked"
    assert verdict.list_version == ""


def test_an_unknown_level_is_refused():
    """A typing error does not switch the check off."""
    with pytest.raises(ValueError, match="'kid'; known are kids, youth, off"):
        check_terms("a", level="kid", language="de")


@pytest.mark.parametrize("name", LIST_NAMES)
def test_every_list_says_that_it_is_a_starter_and_not_protection(name):
    """The first line of each file and its version say so."""
    from importlib.resources import files

    content = (files("devserver.safety") / f"terms_{name}.toml").read_bytes()

    assert content.decode().startswith("# STARTER LIST, NOT PROTECTION.")
    assert parse_list(name, content).version.startswith("starter")


@pytest.mark.parametrize("terms", load_lists(), ids=lambda terms: terms.name)
def test_every_listed_term_is_found(terms):
    """No term is written in a way the check cannot match."""
    (level, *_), (stage, *_) = sorted(terms.levels), sorted(terms.stages)
    for language, listed in terms.terms.items():
        for term in listed:
            verdict = check_terms(f"x {term.rstrip('*')} y", level=level, language=language, stage=stage)
            assert term.rstrip("*") in verdict.found_terms


@given(text=st.text(), level=st.sampled_from(LEVELS), language=st.sampled_from(["de", "en", "tr", ""]))
def test_any_text_gets_a_verdict(text, level, language):
    """Safe exactly when nothing was found, whatever the text holds."""
    verdict = check_terms(text, level=level, language=language)

    assert verdict.safe == (verdict.codes == ()) == (verdict.found_terms == ())
