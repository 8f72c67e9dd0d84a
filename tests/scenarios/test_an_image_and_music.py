"""Scenario 8: two media of one prompt, each with the parameters of its own kind and no other."""

import pytest
from scenario_stage import items_of, play

from devserver.configs import InterceptionConfig, OutputConfig, PipelineConfig
from devserver.embedded import embedded_engines
from devserver.testing import ScriptedMaker, scripted_engines
from otel_tracking import MediaType

PROMPT = "Ein Lied über den Regen"
LYRICS = "[Verse]\nDer Regen singt, der Regen springt\n\n[Chorus]\nTropf, tropf, tropf"
SD35 = {
    "width": 1024,
    "height": 1024,
    "steps": 25,
    "cfg": 5.5,
    "sampler_name": "euler",
    "scheduler": "normal",
    "negative_prompt": "blurry, bad quality",
}
HEARTMULA = {
    "lyrics": LYRICS,
    "tags": "piano,happy",
    "temperature": 1.0,
    "topk": 70,
    "cfg_scale": 3.0,
    "max_audio_length_ms": 240000,
}
CONFIG = PipelineConfig(
    name="image_and_song",
    interception=InterceptionConfig(kind="pass_on"),
    outputs=(
        OutputConfig(name="sd35_large", engine="comfyui", parameters=SD35),
        OutputConfig(name="heartmula_standard", engine="heartmula", medium="music", parameters=HEARTMULA),
    ),
)


@pytest.fixture(scope="module")
def played():
    """Result and record of a run with a picture by one server and a song by another."""
    engines = scripted_engines(
        comfyui=ScriptedMaker(), heartmula=ScriptedMaker(b"ID3 a song", media_format="audio/mpeg")
    )
    return play(prompt=PROMPT, config=CONFIG, engines=engines, seeds=[101, 102])


def test_the_picture_has_the_parameters_of_a_picture(played):
    """Every one of them, with its type, and the seed that was drawn for it."""
    (image,) = items_of(played[1], "output_image")

    assert SD35.items() <= image.metadata.items()
    assert (type(image.metadata["steps"]), type(image.metadata["cfg"]), image.metadata["seed"]) == (int, float, 101)
    assert image.metadata.keys().isdisjoint(HEARTMULA)
    assert (image.media_type, image.loop_iteration) == (MediaType.IMAGE, 1)


def test_the_song_has_the_parameters_of_a_song_and_no_width_or_height(played):
    """The lyrics whole, with their lines; nothing of the picture came along."""
    (song,) = items_of(played[1], "output_music")

    assert HEARTMULA.items() <= song.metadata.items()
    assert song.metadata["lyrics"] == LYRICS
    assert {"width", "height", "steps", "sampler_name"}.isdisjoint(song.metadata)
    assert (song.media_type, song.loop_iteration, song.metadata["seed"]) == (MediaType.MUSIC, 2, 102)
    assert (song.config_used, song.media.type) == ("heartmula_standard", "audio/mpeg")


def test_both_are_counted_and_both_calls_passed_what_was_configured(played):
    """Two outputs; each attempt has its own parameters, nothing configured was left out."""
    result, record = played
    calls = [call for call in record.attempts if call.stage == 4]

    assert (result.status, record.status, record.outputs_generated) == ("completed", "completed", 2)
    assert [set(call.passed) - {"prompt", "seed"} for call in calls] == [set(SD35), set(HEARTMULA)]
    assert [call.not_passed for call in calls] == [(), ()]


def test_the_configuration_that_comes_along_paints_and_plays():
    """Real bytes of both kinds, and facts of both files."""
    _, record = play(prompt=PROMPT, config_name="image_and_music", engines=embedded_engines(), seed=9)
    (image,), (music,) = items_of(record, "output_image"), items_of(record, "output_music")

    assert image.metadata["file"]["width"] == image.metadata["width"] == 768
    assert music.metadata["file"] == {
        "format": "audio/wav",
        "duration_seconds": 20.0,
        "sample_rate": 44100,
        "channels": 2,
        "bit_depth": 16,
    }
    assert {"tempo", "key", "scale", "instrument"} <= music.metadata.keys()
    assert {"width", "height"}.isdisjoint(music.metadata)
    assert [record.attachments[item.media.sha256][:4] for item in (image, music)] == [b"\x89PNG", b"RIFF"]
