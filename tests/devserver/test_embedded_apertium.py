from itertools import pairwise

import pytest

from devserver.backends.errors import EngineFailed, EngineNotInstalled
from devserver.embedded.journeys import fixed_journey
from devserver.embedded.testing import FAIL, HANG, write_apertium
from devserver.embedded.translation.apertium import Apertium, modes_by_pair, printable
from devserver.embedded.translation.packages import package_for

real = Apertium()
CIRCLE = list(pairwise(fixed_journey("en")))
needs_the_circle = pytest.mark.skipif(
    not set(CIRCLE) <= set(real.modes), reason="Apertium's pairs are not installed: tools/install_engines.sh"
)


def test_modes_are_told_by_two_letter_pairs_however_unevenly_they_are_named():
    """Every plain mode is found under its ISO 639-1 pair; variants and unknown codes are left out."""
    listing = "  eng-spa\n  es-fr\n  cat-por\n  gl-es\n  cat-por_BR\n  gl-pt-latin1\n  eco-es-fr\n  xxx-yyy\n"

    assert modes_by_pair(listing) == {
        ("en", "es"): "eng-spa",
        ("es", "fr"): "es-fr",
        ("ca", "pt"): "cat-por",
        ("gl", "es"): "gl-es",
    }


def test_a_translation_tells_the_command_and_the_text_it_was_made_from(tmp_path):
    """`argv` and `input_text` are exactly what the program was given."""
    program = str(write_apertium(tmp_path, ["eng-spa"]))

    result = Apertium(program=program).translate("A flower\n", mode="eng-spa")

    assert result.passed == {"argv": (program, "-u", "eng-spa"), "text": "A flower\n"}
    assert result.text == "A flower\n (eng-spa)\n"
    assert result.facts["exit_status"] == 0


def test_text_that_no_pipe_can_carry_is_replaced_and_counted(tmp_path):
    """NUL and lone surrogates are replaced one for one, and the facts count them."""
    program = write_apertium(tmp_path, ["eng-spa"])

    result = Apertium(program=str(program)).translate("a\x00b\ud800", mode="eng-spa")

    assert result.passed["text"] == printable("a\x00b\ud800") == "a b?"
    assert result.facts["replaced_characters"] == 2


def test_a_program_that_hangs_is_stopped_with_all_its_children(tmp_path):
    """After the timeout the call ends with EngineFailed, which says so."""
    program = write_apertium(tmp_path, ["eng-spa"], behaviour=f"{HANG} | {HANG}")
    engine = Apertium(program=str(program), timeout_s=0.2)

    with pytest.raises(EngineFailed, match="was stopped"):
        engine.translate("A flower", mode="eng-spa")


def test_a_failure_carries_the_exit_status_and_what_the_program_said(tmp_path):
    """The message has the status and the first line of the error output."""
    program = write_apertium(tmp_path, ["eng-spa"], behaviour=FAIL)

    with pytest.raises(EngineFailed, match="status 7 and said: Error: out of rules"):
        Apertium(program=str(program)).translate("A flower", mode="eng-spa")


def test_without_the_program_there_are_no_modes_and_the_error_names_the_package(tmp_path):
    """A machine without Apertium answers with help instead of a traceback from subprocess."""
    engine = Apertium(program=str(tmp_path / "apertium"))

    assert engine.modes == {}
    with pytest.raises(EngineNotInstalled, match="apt-get install apertium"):
        engine.translate("A flower", mode="eng-spa")


def test_the_version_is_read_wherever_the_program_prints_it(tmp_path):
    """The program's own version stands in the record even when no package is known."""
    program = write_apertium(tmp_path, ["eng-spa"])

    assert Apertium(program=str(program)).version == "9.9.9"


@needs_the_circle
def test_the_real_program_takes_eight_hops_and_comes_back():
    """The fixed English journey runs over eight installed modes, each with its package's version."""
    text = "A flower"
    for pair in CIRCLE:
        mode = real.modes[pair]
        text = real.translate(text, mode=mode).text
        assert package_for(*pair) in real.version_of(mode)

    assert text == "A flower"
    assert len(CIRCLE) == 8


@needs_the_circle
def test_the_real_program_keeps_marks_and_line_ends():
    """Apertium's own marks in a text come through, and so does the end of the text."""
    result = real.translate("[b] ^c$ {x} ]]>\n\n", mode="eng-spa")

    assert result.text == "[b] ^c$ {x} ]]>\n\n"
