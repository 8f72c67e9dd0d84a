"""`otel-tracking diff`: what it says of two runs, and its exit code."""

import io

import pytest
from cli_stage import HOSTILE, call, call_json, one_picture, stored, three_hops
from rich.console import Console

from devserver.cli.showing.differences import draw_differences, words_text
from devserver.diff import compare
from devserver.embedded import embedded_engines
from exporters.story.changed_words import compare_texts
from otel_tracking import ItemType

CONFIG = """name = "two_pictures"
[interception]
kind = "pass_on"
[[outputs]]
name = "weimar"
engine = "procedural_image"
parameters = { width = 96, height = 64, steps = 3 }
[[outputs]]
name = "dessau"
engine = "procedural_image"
parameters = { width = 96, height = 64, steps = 3, palette = "dessau" }
"""


def painted(directory, *seeds):
    """The ids of runs that paint two small real pictures each."""
    config = directory / "two.toml"
    config.write_text(CONFIG)
    ids = []
    for seed in seeds:
        arguments = ("run", "--config-file", config, "A red flower", "--seed", seed, "--quiet")
        answer, exit_code = call_json(*arguments, engines=embedded_engines(), data=directory)
        assert exit_code == 0
        ids.append(answer["execution_id"])
    return ids


def hops_of(*texts):
    """A pipeline with a hop for each text."""

    def pipeline(run):
        with run.stage(2) as stage:
            for number, text in enumerate(texts, start=1):
                with stage.iteration(number) as iteration:
                    iteration.item(ItemType.INTERCEPTION_ITERATION, content=text)

    return pipeline


def test_the_same_prompt_and_seed_differ_in_nothing_but_times_and_ids(tmp_path):
    """Two pictures, painted twice: exit code 0, and the times are shown all the same."""
    left, right = painted(tmp_path, 7, 7)
    result = call("diff", left, right, data=tmp_path)

    assert result.exit_code == 0
    assert "the same: 14 items and 5 attempts; only ids and times differ" in result.stdout
    assert "the whole run" in result.stdout


def test_another_seed_is_shown_once_and_its_pictures_in_figures(tmp_path):
    """Exit code 1; the seed stands in seven places, and is one difference for people."""
    left, right = painted(tmp_path, 7, 8)
    result = call("diff", left, right, data=tmp_path)

    assert result.exit_code == 1
    assert result.stdout.count("7 → 8") == 2, "the run's used_seed, and the seed that was configured"
    assert "4  Output 1" in result.stdout
    assert result.stdout.count("of the pixels differ, by ") == 2
    assert "\ndifferent: 2 files, " in result.stdout
    assert call("diff", left, right, "--all", data=tmp_path).stdout.count("7 → 8") > 4


def test_json_has_every_difference_with_its_place_and_path(tmp_path):
    left, right = painted(tmp_path, 7, 8)
    answer, exit_code = call_json("diff", left, right, data=tmp_path)
    passed = [each for each in answer["differences"] if each["path_text"] == "passed.seed"]

    assert (exit_code, answer["same"], answer["left"], answer["right"]) == (1, False, left, right)
    assert [(each["where"]["loop_iteration"], each["left"], each["right"]) for each in passed] == [(1, 7, 8), (2, 7, 8)]
    assert {each["media"]["unit"] for each in answer["differences"] if each["media"]} == {"pixels"}
    assert answer["times"][0]["left"] > 0


def test_a_text_shows_what_left_it_and_what_came(tmp_path):
    """In brackets, so that it can be read without colours too."""
    left, right = stored(tmp_path, hops_of("Una flor azul en el prado"), hops_of("Una flor en el gran prado"))
    result = call("diff", left, right, data=tmp_path)

    assert "hop 1  text Una flor [-azul-] en el {+gran+} prado (83.3% the same)" in result.stdout


def test_what_is_on_one_side_only_is_named(tmp_path):
    """A hop that the right run has not, and a file that is gone."""
    left, right = stored(tmp_path, hops_of("eins", "zwei"), hops_of("eins"))
    assert "only left: zwei" in call("diff", left, right, data=tmp_path).stdout

    for path in (tmp_path / "media").glob("*/*"):
        path.unlink()
    one, other = stored(tmp_path, one_picture, three_hops)
    assert "only right: chat nemo ollama" in call("diff", one, other, data=tmp_path).stdout


@pytest.mark.parametrize("arguments", [("diff",), ("diff", "only-one-id"), ("diff", "no-such-run", "no-such-run")])
def test_without_two_runs_that_are_there_nothing_is_compared(tmp_path, arguments):
    """Exit code 2, one sentence."""
    result = call(*arguments, data=tmp_path)

    assert result.exit_code == 2
    assert result.stderr.startswith("otel-tracking: ")


def test_hostile_text_is_shown_and_not_obeyed(tmp_path):
    left, right = stored(tmp_path, hops_of(f"eins zwei drei {HOSTILE}"), hops_of(f"eins zwei vier {HOSTILE}"))
    result = call("diff", left, right, data=tmp_path)

    assert "[red]rot[/red] ␛[2J" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(tmp_path, width):
    """Long texts, long paths and long words are folded in their columns."""
    left, right = stored(tmp_path, hops_of("Blume " * 80, "草原" * 60), hops_of("Wiese " * 90, "x" * 300))
    from exporters import read_records

    comparison = compare(*(next(read_records(tmp_path, execution_id=each)) for each in (left, right)))
    stream = io.StringIO()
    screen = Console(file=stream, width=width, force_terminal=True, color_system=None, markup=False, emoji=False)
    draw_differences(screen, comparison)

    assert max(map(len, stream.getvalue().splitlines())) <= width


def test_the_middle_of_a_long_text_that_stayed_is_left_out():
    text = "gleich " * 500
    line = words_text(compare_texts(f"{text}rot {text}", f"{text}blau {text}")).plain

    assert "…" in line
    assert len(line) < 300
    assert "[-rot-] {+blau+}" in line
