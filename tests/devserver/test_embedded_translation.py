import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from devserver.backends.errors import MissingLanguagePair, UnknownLanguage
from devserver.embedded.journeys import fixed_journey
from devserver.embedded.testing import write_apertium, write_dictionary
from devserver.embedded.translation.apertium import Apertium
from devserver.embedded.translation.freedict import FreeDict
from devserver.embedded.translation.packages import DEFAULT_PAIRS, package_for
from devserver.embedded.translation.translator import EmbeddedTranslator
from devserver.engines import Translated

INSTALLER = Path(__file__).parents[2] / "tools" / "install_engines.sh"
installed_pairs = set(EmbeddedTranslator().pairs())


@pytest.fixture
def translator(tmp_path):
    program = write_apertium(tmp_path, ["eng-spa", "spa-eng"])
    write_dictionary(tmp_path, "deu-eng", {"Blume": "Blume <fem>\nflower <n>"})
    write_dictionary(tmp_path, "eng-spa", {"flower": "flower\nflor"})
    return EmbeddedTranslator(
        apertium=Apertium(program=str(program)), freedict=FreeDict(directory=tmp_path, cache_dir=tmp_path / "cache")
    )


def test_apertium_is_chosen_where_it_has_the_pair(translator):
    """Both engines have English to Spanish; the rules win over word for word, and the record says so."""
    translation = translator.translate("A flower", from_lang="en", to_lang="es")

    assert (translation.engine, translation.mode) == ("apertium", "eng-spa")
    assert translation.text == "A flower (eng-spa)"
    assert translation.passed["argv"][1:] == ("-u", "eng-spa")
    assert translation.passed["text"] == "A flower"
    assert translation.facts["exit_status"] == 0


def test_freedict_is_chosen_where_apertium_has_no_pair(translator):
    """German to English goes word for word, and the record names the dictionary file."""
    translation = translator.translate("Blume", from_lang="de", to_lang="en")

    assert (translation.engine, translation.mode, translation.text) == ("freedict", "word for word", "Flower")
    assert translation.passed == {"dictionary": "freedict-deu-eng.dict.dz", "text": "Blume"}


def test_the_same_language_in_and_out_is_no_translation(translator):
    """The text comes back unchanged, and no engine is claimed."""
    assert translator.translate("Una flor", from_lang="es", to_lang="es") == Translated(
        text="Una flor", engine="none", mode="same language", engine_version="", passed={}
    )


def test_a_missing_pair_says_what_to_install_and_what_works_now(translator):
    """The message names the languages, the Debian package, the reachable targets and a way round."""
    with pytest.raises(MissingLanguagePair) as caught:
        translator.translate("Blume", from_lang="de", to_lang="es")

    assert str(caught.value) == (
        "no installed engine translates German (de) to Spanish (es): apt-get install dict-freedict-deu-spa; "
        "from German (de) you reach now English (en); a way in 2 steps is de→en→es"
    )


def test_no_detour_is_taken_in_silence(translator):
    """A way over English exists, is told, and is left to the caller."""
    with pytest.raises(MissingLanguagePair):
        translator.translate("Blume", from_lang="de", to_lang="es")


def test_a_language_nobody_knows_is_called_so(translator):
    """A wrong code is told from a missing pair."""
    with pytest.raises(UnknownLanguage, match="'xx'"):
        translator.translate("Blume", from_lang="xx", to_lang="en")


def test_every_pair_of_the_default_journeys_has_a_package_that_is_known_without_it():
    """What to install is known on a machine where nothing is installed."""
    assert [pair for pair in DEFAULT_PAIRS if package_for(*pair) is None] == []


def test_the_installer_and_the_table_of_pairs_agree():
    """`tools/install_engines.sh --list` brings a package for each default pair, and no other pair's."""
    listed = set(subprocess.run([INSTALLER, "--list"], check=True, capture_output=True, text=True).stdout.split())

    assert {package_for(*pair) for pair in DEFAULT_PAIRS} == listed - {"apertium"}


def test_an_option_the_installer_does_not_know_is_answered_with_its_usage():
    """A typing error installs nothing."""
    run = subprocess.run([INSTALLER, "--everything"], capture_output=True, text=True, check=False)

    assert run.returncode == 2
    assert "--list" in run.stderr


def _needs(journey):
    missing = sorted(set(pairwise(journey)) - installed_pairs)
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {missing}; tools/install_engines.sh brings them")


@pytest.mark.parametrize(
    ("prompt", "journey", "comes_back_as"),
    [
        pytest.param("A flower", fixed_journey("en"), "A flower", marks=_needs(fixed_journey("en"))),
        pytest.param(
            "Eine Blume auf der Wiese",
            fixed_journey("de"),
            "Ein Blume auf das Wiese",
            marks=_needs(fixed_journey("de")),
        ),
    ],
)
def test_a_real_journey_of_eight_hops_comes_home(prompt, journey, comes_back_as, index_cache):
    """Eight hops over the installed engines, each result the next one's text."""
    translator = EmbeddedTranslator(freedict=FreeDict(cache_dir=index_cache))
    text = prompt
    for from_lang, to_lang in pairwise(journey):
        translation = translator.translate(text, from_lang=from_lang, to_lang=to_lang)
        assert translation.passed["text"] == text
        assert translation.engine_version
        text = translation.text

    assert text == comes_back_as
