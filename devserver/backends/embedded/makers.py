"""The embedded engines that make something, in the one shape that the pipeline asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devserver.backends.embedded import dada, image_variation, procedural_image, procedural_music, the_opposite
from devserver.backends.errors import InvalidParameter
from devserver.engines import Backend, InputImage, Made, MadeFile
from devserver.errors import suggestion

Make = Callable[[str, int, Mapping[str, Any], Sequence[InputImage]], tuple[MadeFile, Mapping[str, Any]]]
"""Text, seed, parameters and pictures in; the file and every parameter that made it out."""

TRANSFORM, RENDER = "transform_text", "render"
"""What these engines do; no model talks, so their attempts are not called `chat`."""


@dataclass(frozen=True, slots=True)
class EmbeddedMaker:
    """An engine of this machine: a function, the parameters it takes, its version, and what it does in a word.

    `model_from` is the parameter that names the model, such as a style; where it is not given, `usual_model` is it.
    """

    name: str
    version: str
    parameters: tuple[str, ...]
    function: Make
    operation: str
    model_from: str | None = None
    usual_model: str | None = None

    def backend_for(self, parameters: Mapping[str, Any]) -> Backend:
        """This engine, with the model that the parameters name."""
        named = parameters.get(self.model_from) if self.model_from else None
        return Backend(self.name, str(named) if named else self.usual_model, operation=self.operation)

    def make(
        self,
        text: str,
        *,
        seed: int,
        parameters: Mapping[str, Any],
        images: Sequence[InputImage] = (),
        cancel: threading.Event | None = None,
    ) -> Made:
        """What the function makes; raises `InvalidParameter` for a parameter that it does not have."""
        for name in parameters:
            if name not in self.parameters:
                raise InvalidParameter(f"no parameter {name!r} of {self.name}; {suggestion(name, self.parameters)}")
        passed: dict[str, Any] = {"prompt": text, "seed": seed, **parameters}
        if images:
            passed["images"] = [image.name for image in images]
        file, facts = self.function(text, seed, parameters, images)
        return Made(files=(file,), passed=passed, facts=facts, engine_version=self.version)


def _paint(
    text: str, seed: int, parameters: Mapping[str, Any], images: Sequence[InputImage]
) -> tuple[MadeFile, Mapping[str, Any]]:
    image = procedural_image.render(text, seed=seed, **parameters)
    return MadeFile(image.png, "image/png"), image.parameters


def _compose(
    text: str, seed: int, parameters: Mapping[str, Any], images: Sequence[InputImage]
) -> tuple[MadeFile, Mapping[str, Any]]:
    music = procedural_music.compose(text, seed=seed, **parameters)
    return MadeFile(music.wav, "audio/wav"), music.parameters


def _vary(
    text: str, seed: int, parameters: Mapping[str, Any], images: Sequence[InputImage]
) -> tuple[MadeFile, Mapping[str, Any]]:
    variation = image_variation.vary(text, [image.content for image in images], seed=seed, **parameters)
    return MadeFile(variation.png, "image/png"), variation.parameters


def _cut_up(
    text: str, seed: int, parameters: Mapping[str, Any], images: Sequence[InputImage]
) -> tuple[MadeFile, Mapping[str, Any]]:
    poem = dada.cut_up(text, seed=seed, **parameters)
    return MadeFile(poem.text, "text/plain"), poem.parameters


def _turn_around(
    text: str, seed: int, parameters: Mapping[str, Any], images: Sequence[InputImage]
) -> tuple[MadeFile, Mapping[str, Any]]:
    opposite = the_opposite.turn_around(text, **parameters)
    return MadeFile(opposite.text, "text/plain"), opposite.parameters


EMBEDDED_MAKERS = {
    maker.name: maker
    for maker in (
        EmbeddedMaker(
            "procedural_image",
            procedural_image.VERSION,
            ("width", "height", "steps", "cfg", "style", "palette"),
            _paint,
            RENDER,
            model_from="style",
            usual_model=procedural_image.STYLES[0],
        ),
        EmbeddedMaker(
            "procedural_music",
            procedural_music.VERSION,
            ("duration_seconds", "tempo", "key", "scale", "instrument", "sample_rate", "channels"),
            _compose,
            RENDER,
            model_from="instrument",
        ),
        EmbeddedMaker(
            "image_variation",
            image_variation.VERSION,
            ("effect", "strength", "longest_side"),
            _vary,
            RENDER,
            model_from="effect",
        ),
        EmbeddedMaker("dada", dada.VERSION, ("cut", "words_per_line"), _cut_up, TRANSFORM),
        EmbeddedMaker("theopposite", the_opposite.VERSION, ("language",), _turn_around, TRANSFORM),
    )
}
"""Every engine that needs no model server, by the name that configurations call it."""
