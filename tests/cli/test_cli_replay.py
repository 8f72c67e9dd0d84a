"""`otel-tracking replay` of embedded engines: handed the same, they make the same, bit for bit."""

import functools
import io
from dataclasses import replace

import pytest
from cli_stage import call, call_json, one_picture, three_hops
from replay_stage import a_png, changed, outcomes, ran, record_of, stored
from rich.console import Console

from collectors import start_recording
from devserver.cli.showing.repetitions import draw_plan, draw_replay
from devserver.configs import InterceptionConfig, OutputConfig, PipelineConfig
from devserver.embedded import embedded_engines
from devserver.embedded.translation.translator import EmbeddedTranslator
from devserver.engines import InputImage
from devserver.replay import Planner, Wishes, replay
from devserver.replay.engines import EmbeddedEngines
from devserver.replay.secrets import Secrets
from devserver.settings import Settings
from exporters import ParquetSink
from otel_tracking import ItemType

ENGINES = embedded_engines()
SMALL = {"width": 96, "height": 64, "steps": 3}
WAY = [("de", "en"), ("en", "es"), ("es", "fr"), ("fr", "ca")]


def pictures(*styles, **fields):
    """A configuration that paints a small picture in each of these styles."""
    outputs = [
        OutputConfig(name=style, engine="procedural_image", parameters={**SMALL, "palette": style}) for style in styles
    ]
    return PipelineConfig(name="image_comparison", translate_first=False, outputs=tuple(outputs), **fields)


def painted(directory, *styles, **fields):
    """The id of a run that painted."""
    return ran(directory, pictures(*styles or ("weimar", "dessau")), ENGINES, **{"seed": 7, **fields})


def again(execution_id, *arguments, directory):
    """What a replay with the embedded engines says, and its exit code."""
    return call_json("replay", execution_id, *arguments, engines=ENGINES, data=directory)


def test_pictures_come_out_bit_for_bit_and_it_says_so(tmp_path):
    """Two pictures and three safety checks: the new run's files are the same bytes, in its own folder."""
    execution_id = painted(tmp_path)
    answer, exit_code = again(execution_id, directory=tmp_path)
    first, second = record_of(tmp_path, execution_id), record_of(tmp_path, answer["execution_id"])

    assert (exit_code, answer["identical"]) == (0, True)
    assert outcomes(answer) == dict.fromkeys(["1/1", "3/1", "4/1", "3/2", "4/2"], "identical")
    assert second.attachments == first.attachments
    assert len(first.attachments) == 2
    assert (second.repeats, second.status, second.outputs_generated) == (execution_id, "completed", 2)
    assert [each.passed for each in second.attempts] == [each.passed for each in first.attempts]


def test_another_seed_is_reported_with_what_it_did_to_the_pixels(tmp_path):
    """The parameter on both sides, and the picture in figures: exit code 1."""
    execution_id = painted(tmp_path, "weimar")
    answer, exit_code = again(execution_id, "--seed", "8", directory=tmp_path)
    differences = {(path, left, right) for path, left, right in changed(answer, "4/1") if path != "media"}
    [attempt] = [attempt for attempt in answer["attempts"] if attempt["attempt"] == "4/1"]
    [media] = [each["media"] for each in attempt["comparison"]["differences"] if each["media"]]

    assert exit_code == 1
    assert {("configured.seed", 7, 8), ("passed.seed", 7, 8)} <= differences
    assert (media["unit"], media["differing"] > 0) == ("pixels", True)
    assert outcomes(answer) == {"1/1": "identical", "3/1": "identical", "4/1": "different"}

    told = call("replay", execution_id, "--seed", 8, "--only", 4, engines=ENGINES, data=tmp_path)
    assert "configured.seed" in told.stdout
    assert "7 → 8" in told.stdout
    assert "of the pixels differ, by" in told.stdout


@pytest.mark.parametrize(("only", "labels"), [(("4",), ["4/1", "4/2"]), (("4/2", "1"), ["1/1", "4/2"])])
def test_only_what_is_named_is_repeated(tmp_path, only, labels):
    execution_id = painted(tmp_path)
    wanted = [argument for label in only for argument in ("--only", label)]

    assert list(outcomes(again(execution_id, *wanted, directory=tmp_path)[0])) == labels


def test_music_and_texts_come_out_the_same_too(tmp_path):
    """A composed piece, and a cut-up text in stage 2."""
    config = PipelineConfig(
        name="dada_and_music",
        translate_first=False,
        interception=InterceptionConfig(kind="engine", engine="dada"),
        outputs=(
            OutputConfig(name="tune", engine="procedural_music", medium="music", parameters={"duration_seconds": 2.0}),
        ),
    )
    execution_id = ran(tmp_path, config, ENGINES, prompt="Take a newspaper. Take some scissors.", seed=3)
    answer, exit_code = again(execution_id, directory=tmp_path)

    assert (exit_code, answer["identical"]) == (0, True)
    assert outcomes(answer)["2/1"] == outcomes(answer)["4/1"] == "identical"
    other, _ = again(execution_id, "--seed", "4", "--only", "2", "--only", "4", directory=tmp_path)
    assert "content" in [path for path, _, _ in changed(other, "2/1")]
    media = [each["media"] for each in other["attempts"][1]["comparison"]["differences"] if each["media"]]
    assert media[0]["unit"] == "samples"


def test_a_picture_that_was_handed_in_is_handed_in_again(tmp_path):
    """From the data directory; without it the attempt cannot be repeated, the others can."""
    output = OutputConfig(name="varied", engine="image_variation", images_at_most=1)
    config = PipelineConfig(name="image_input", translate_first=False, outputs=(output,))
    images = (InputImage("cat.png", a_png(90, size=80), "image/png"),)
    execution_id = ran(tmp_path, config, ENGINES, images=images, seed=1)
    answer, exit_code = again(execution_id, directory=tmp_path)
    assert (exit_code, answer["identical"]) == (0, True)

    for item in record_of(tmp_path, execution_id).items:
        if item.item_type == ItemType.USER_INPUT_IMAGE:
            (tmp_path / item.file_path).unlink()
    answer, exit_code = again(execution_id, directory=tmp_path)
    assert (exit_code, outcomes(answer)) == (1, {"1/1": "identical", "3/1": "identical", "4/1": "not sent"})


def test_stille_post_comes_out_the_same_hop_by_hop(tmp_path):
    """Real translations: each hop is given what it was given then, and makes what it made."""
    missing = [pair for pair in WAY if pair not in EmbeddedTranslator().pairs()]
    if missing:
        pytest.skip(f"no engine here for {missing}; tools/install_engines.sh installs them")
    config = PipelineConfig(
        name="stillepost", translate_first=False, interception=InterceptionConfig(kind="translation_chain")
    )
    fields = {"prompt": "Eine Blume auf der Wiese", "languages": ["en", "es", "fr", "ca"]}
    execution_id = ran(tmp_path, config, ENGINES, **fields)
    answer, exit_code = again(execution_id, directory=tmp_path)

    assert (exit_code, answer["identical"]) == (0, True)
    assert [label for label in outcomes(answer) if label[0] == "2"] == ["2/1", "2/2", "2/3", "2/4"]
    hops = [
        [item.content for item in record_of(tmp_path, each).items if item.item_type == ItemType.INTERCEPTION_ITERATION]
        for each in (execution_id, answer["execution_id"])
    ]
    assert hops[0] == hops[1]
    assert len(hops[0]) == 4


def test_a_translation_into_the_same_language_has_nothing_to_send(tmp_path):
    """Nothing was handed over then, and that is no failure."""
    config = PipelineConfig(
        name="stillepost", translate_first=False, interception=InterceptionConfig(kind="translation_chain")
    )
    execution_id = ran(tmp_path, config, ENGINES, prompt="A flower on the meadow", languages=["en"])
    answer, exit_code = again(execution_id, directory=tmp_path)

    assert (exit_code, outcomes(answer)) == (0, {"1/1": "identical", "2/1": "nothing to send", "3/1": "identical"})


def test_a_blocked_prompt_is_blocked_again(tmp_path):
    """A check is an attempt like any other."""
    execution_id = painted(tmp_path, "weimar", prompt="Zeichne eine ISIS Flagge")
    answer, exit_code = again(execution_id, directory=tmp_path)

    assert (exit_code, outcomes(answer)) == (0, {"1/1": "identical"})
    assert record_of(tmp_path, answer["execution_id"]).status == "blocked"


def test_another_version_is_said_before_what_it_changed(tmp_path):
    """The engine was updated since: its version comes first, then its picture."""
    execution_id = painted(tmp_path, "weimar")
    painter = ENGINES.makers["procedural_image"]

    @functools.wraps(painter.function)
    def paint_otherwise(text, *, seed, **parameters):
        return painter.function(text, seed=seed + 1, **parameters)

    newer = replace(painter, version="procedural_image 99", function=paint_otherwise)
    engines = replace(ENGINES, makers={**ENGINES.makers, "procedural_image": newer})
    answer, exit_code = call_json("replay", execution_id, engines=engines, data=tmp_path)

    assert exit_code == 1
    assert changed(answer, "4/1")[0] == ("response.engine_version", painter.version, "procedural_image 99")
    told = call("replay", execution_id, engines=engines, data=tmp_path).stdout
    assert told.index("version: response.engine_version") < told.index("of the pixels differ")


def test_what_cannot_be_repeated_is_said_and_the_rest_goes_on(tmp_path):
    """Nobody here is called so, nothing was recorded, and a command line that is not Apertium's is never run."""
    marker = tmp_path / "was run"

    def pipeline(run):
        with run.stage(1) as stage:
            passed = {"text": "A flower", "level": "kids", "language": "en", "stage": 1}
            with stage.backend_call("term_lists") as asked:
                asked.passed(passed)
            with stage.backend_call("somebody_else") as asked:
                asked.passed({"prompt": "A flower"})
            with stage.backend_call("ollama") as asked:
                pass
            with stage.backend_call("apertium") as asked:
                asked.passed({"argv": ("touch", str(marker)), "text": ""})
            with stage.backend_call("procedural_image") as asked:
                asked.passed({"prompt": "A flower", **SMALL})

    [execution_id] = stored(tmp_path, pipeline)
    answer, exit_code = again(execution_id, directory=tmp_path)

    assert exit_code == 1
    assert list(outcomes(answer).values()) == ["different", *["not sent"] * 4]
    assert answer["attempts"][1]["obstacle"].startswith("no engine 'somebody_else' is here; known are apertium, dada")
    assert answer["attempts"][2]["obstacle"] == "nothing was recorded as passed"
    assert answer["attempts"][3]["obstacle"] == "the recorded command line is not one of Apertium's: apertium -u MODE"
    assert answer["attempts"][4]["obstacle"] == "what was passed to procedural_image does not say seed"
    assert not marker.exists()


def test_a_record_of_somebody_elses_backend_can_be_planned(tmp_path):
    """Its attempts say what is missing; nothing is sent and no run is made."""
    [execution_id] = stored(tmp_path, three_hops)
    answer, exit_code = again(execution_id, directory=tmp_path)

    assert (exit_code, answer["execution_id"]) == (1, None)
    assert set(outcomes(answer).values()) == {"not sent"}


def test_a_run_without_attempts_has_nothing_to_repeat(tmp_path):
    [execution_id] = stored(tmp_path, one_picture)
    result = call("replay", execution_id, data=tmp_path)

    assert (result.exit_code, result.stdout) == (0, "\nnothing to repeat: the run called no backend\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--only", "hop"), "is no attempt; 4 or 4/1 would work"),
        (("--only", "9/9"), "the run has no attempt 9/9"),
        (("--base-url", "gpu"), "--base-url takes OLD=NEW"),
        (("--base-url", "http://a=b"), "--base-url takes OLD=NEW"),
        (("--seed", "x"), "is not a valid integer"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(tmp_path, arguments, says):
    """Exit code 2, one sentence, and nothing is run."""
    execution_id = painted(tmp_path, "weimar")
    result = call("replay", execution_id, *arguments, engines=ENGINES, data=tmp_path)

    assert (result.exit_code, says in result.stderr) == (2, True)
    assert call("replay", "no-such-run", data=tmp_path).exit_code == 2


@pytest.mark.parametrize("width", [60, 80, 160])
def test_on_a_terminal_nothing_is_wider_than_it(tmp_path, width):
    """Plan and result; long addresses and paths are folded."""
    execution_id = painted(tmp_path)
    record = record_of(tmp_path, execution_id)
    engines, wishes = EmbeddedEngines(ENGINES), Wishes(seed=8)
    steps = Planner(wishes, Secrets({}), engines).plan(record)
    settings = Settings(data_dir=tmp_path, journal=False)
    done_so_far = []
    with start_recording([ParquetSink(tmp_path)], journal=False) as recording:
        done = replay(
            record,
            steps,
            wishes=wishes,
            recording=recording,
            engines=engines,
            settings=settings,
            tell=done_so_far.append,
        )
    stream = io.StringIO()
    screen = Console(file=stream, width=width, force_terminal=True, color_system=None, markup=False, emoji=False)
    draw_plan(screen, steps)
    draw_replay(screen, done)

    assert max(map(len, stream.getvalue().splitlines())) <= width
    assert done_so_far == [1, 2, 3, 4, 5]


def test_the_engines_that_are_called_by_name_are_those_the_records_name():
    """Whoever changes what an engine hands over must teach replay to read it."""
    assert EmbeddedEngines(ENGINES)._known.keys() == {"apertium", "freedict", "term_lists"}
    for name, maker in ENGINES.makers.items():
        assert maker.backend_for({}).name == name
