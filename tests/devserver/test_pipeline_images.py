"""Pictures that come with a prompt: who may bring how many, who is handed them, and what the record keeps."""

import json

import pytest
from click.testing import CliRunner

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.cli.app import command_line
from devserver.configs import InterceptionConfig, OutputConfig, PipelineConfig
from devserver.engines import InputImage
from devserver.errors import RequestError
from devserver.pictures import MOST_BYTES, picture_format, read_picture
from devserver.pipeline import Pipeline, Request
from devserver.testing import PNG, ScriptedMaker, scripted_engines

PICTURES = [InputImage(f"{name}.png", PNG + name.encode(), "image/png") for name in ("red", "green", "blue")]


def config_with(*limits):
    """A configuration whose outputs take (at least, at most) so many pictures."""
    outputs = tuple(
        OutputConfig(name=f"o{number}", engine="painter", images_at_least=least, images_at_most=most)
        for number, (least, most) in enumerate(limits, start=1)
    )
    return PipelineConfig(name="edit", translate_first=False, outputs=outputs)


def run(config, images):
    sink = RememberingSink()
    with start_recording([sink], raise_errors=True, journal=False) as recording:
        engines = scripted_engines(language="en", painter=ScriptedMaker())
        pipeline = Pipeline(recording.tracker(), engines, find_config=lambda name: config)
        result = pipeline.run(Request(prompt="Make it night", images=images))
        assert recording.flush(timeout=30)
    return result, sink.records[0]


def test_each_picture_is_an_item_of_stage_1_with_its_own_bytes():
    """Two of three possible pictures: two items, in their order, and the engine is handed both."""
    result, record = run(config_with((1, 3)), PICTURES[:2])
    items = [item for item in record.items if item.item_type == "user_input_image"]

    assert result.status == "completed"
    assert [(item.stage, item.metadata["filename"], item.metadata["image_number"]) for item in items] == [
        (1, "red.png", 1),
        (1, "green.png", 2),
    ]
    assert len({item.media.sha256 for item in items}) == 2
    assert record.attempts[-1].passed["images"] == ["red.png", "green.png"]


def test_an_output_is_handed_no_more_pictures_than_it_takes():
    """The first of them; an output that takes none is handed none."""
    _, record = run(config_with((0, 1), (0, 3), (0, 0)), PICTURES)
    made = [call for call in record.attempts if call.backend_used == "comfyui"]
    assert [call.passed.get("images") for call in made] == [["red.png"], ["red.png", "green.png", "blue.png"], None]


@pytest.mark.parametrize(
    ("config", "given", "complaint"),
    [
        (config_with((0, 0)), 1, "1 images were given; for edit none is allowed"),
        (config_with((1, 3)), 0, "0 images were given; for edit 1 to 3 are allowed"),
        (config_with((0, 1), (2, 2)), 3, "3 images were given; for edit exactly 2 are allowed"),
        (
            PipelineConfig(name="see", interception=InterceptionConfig(kind="engine", engine="a", images_at_most=1)),
            2,
            "2 images were given; for see 0 to 1 are allowed",
        ),
    ],
)
def test_too_many_or_too_few_pictures_are_refused_before_a_run_starts(config, given, complaint):
    """Nobody finds out afterwards that a picture was left aside."""
    with pytest.raises(RequestError) as caught:
        Request(prompt="x", images=PICTURES[:given]).check_images(config)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("content", "media_format"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"GIF89a", "image/gif"),
        (b"<svg/>", None),
        (b"", None),
    ],
)
def test_a_picture_is_told_by_its_bytes(content, media_format):
    """Names lie, first bytes do not."""
    assert picture_format(content) == media_format


def test_a_file_that_is_no_picture_is_refused_in_one_sentence(tmp_path):
    """A text, a file that is not there, one that is too large."""
    (tmp_path / "text.png").write_text("hello", encoding="utf-8")
    with (tmp_path / "large.png").open("wb") as large:
        large.write(PNG)
        large.truncate(MOST_BYTES + 1)
    for name, complaint in [
        ("text.png", "is no picture; PNG, JPEG, WebP, GIF of at most 32 MiB would work"),
        ("large.png", "is no picture; PNG, JPEG, WebP, GIF of at most 32 MiB would work"),
        ("none.png", r"cannot be read \(No such file or directory\); a picture is expected"),
    ]:
        with pytest.raises(RequestError, match=complaint):
            read_picture(tmp_path / name)


def test_the_command_line_hands_pictures_in(tmp_path):
    """`--image`, twice, in their order."""
    (tmp_path / "config.toml").write_text(
        'name = "edit"\ntranslate_first = false\n[[outputs]]\nname = "one"\nengine = "painter"\nimages_at_most = 2\n',
        encoding="utf-8",
    )
    for picture in PICTURES[:2]:
        (tmp_path / picture.name).write_bytes(picture.content)
    arguments = ["run", "--config-file", str(tmp_path / "config.toml"), "Make it night", "--json"]
    for picture in PICTURES[:2]:
        arguments += ["--image", str(tmp_path / picture.name)]
    engines = scripted_engines(language="en", painter=ScriptedMaker())
    finished = CliRunner(env={"DEVSERVER_JOURNAL": "off"}).invoke(
        command_line, [*arguments, "--data", str(tmp_path / "data")], obj=engines
    )
    assert finished.exit_code == 0, finished.output

    from exporters import read_records

    (record,) = read_records(tmp_path / "data")
    assert json.loads(finished.stdout)["execution_id"] == record.execution_id
    images = [item.metadata["filename"] for item in record.items if item.item_type == "user_input_image"]
    assert images == ["red.png", "green.png"]
