"""The embedded engines that make something, in the one shape that the pipeline asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

from devserver.backends.errors import InvalidParameter
from devserver.embedded.music import composing
from devserver.embedded.pictures import painting, variation
from devserver.embedded.texts import dada, opposite
from devserver.engines import Backend, InputImage, Made, MadeFile
from devserver.errors import suggestion

TRANSFORM, RENDER = "transform_text", "render"
"""What these engines do; no model talks, so their attempts are not called `chat`."""


Function = Callable[..., MadeFile]
"""Text, seed, pictures and parameters in; the file out, with every parameter that made it among its facts."""


@dataclass(frozen=True, slots=True)
class EmbeddedMaker:
    """An engine of this machine: a function, its version, and what it does in a word.

    `model_from` is the parameter that names the model, such as a palette; where it is not given, `usual_model` is it.
    """

    name: str
    version: str
    function: Function
    operation: str
    model_from: str | None = None
    usual_model: str | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the function may be asked for beside text, seed and pictures."""
        return tuple(name for name in signature(self.function).parameters if name not in ("text", "seed", "images"))

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
        made = self.function(text, seed=seed, images=[image.content for image in images], **parameters)
        file = MadeFile(made.content, made.media_format)
        return Made(files=(file,), passed=passed, facts=made.facts, engine_version=self.version)


EMBEDDED_MAKERS = {
    maker.name: maker
    for maker in (
        EmbeddedMaker(
            "procedural_image", painting.VERSION, painting.render, RENDER, model_from="palette", usual_model="bauhaus"
        ),
        EmbeddedMaker("procedural_music", composing.VERSION, composing.compose, RENDER, model_from="instrument"),
        EmbeddedMaker("image_variation", variation.VERSION, variation.vary, RENDER),
        EmbeddedMaker("dada", dada.VERSION, dada.cut_up, TRANSFORM),
        EmbeddedMaker("theopposite", opposite.VERSION, opposite.turn_around, TRANSFORM),
    )
}
"""Every engine that needs no model server, by the name that configurations call it."""
