"""What a pipeline configuration says, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from devserver.configs.canvas import CanvasEdge, CanvasNode

INTERCEPTION_KINDS = ("translation_chain", "pass_on", "engine", "canvas")
"""What stage 2 can do; `devserver/stages/interception.py` has a function for each."""

MEDIA = ("image", "audio", "music", "video", "3d", "code")
"""What an output can be."""


MOST_RETRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackConfig:
    """Another engine, or another model, that may answer where the one before could not; its parameters stand alone."""

    engine: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterceptionConfig:
    """Stage 2. A `translation_chain` visits `languages`: "fixed" or "random" ones over `hops`, or those of a list.

    A random chain ends in `final_language`, or where it began where that is None. `engine` is for the kind `engine`;
    in a `translation_chain` it translates each hop instead of the engines of this machine. A `canvas` has `nodes` and
    `edges`.
    """

    kind: str = "pass_on"
    hops: int = 8
    languages: str | tuple[str, ...] = "fixed"
    final_language: str | None = None
    engine: str | None = None
    seed: int | str = "random"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 1
    fallbacks: tuple[FallbackConfig, ...] = ()
    images_at_most: int = 0
    nodes: tuple[CanvasNode, ...] = ()
    edges: tuple[CanvasEdge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputConfig:
    """One output: the medium, the engine that makes it, and what the engine is asked for.

    A request that failed for the moment is sent `retries` times more; then `fallbacks` are asked, in order. The engine
    is handed the first `images_at_most` pictures of the request, which needs `images_at_least`.
    """

    name: str
    engine: str
    medium: str = "image"
    seed: int | str = "random"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 1
    fallbacks: tuple[FallbackConfig, ...] = ()
    images_at_most: int = 0
    images_at_least: int = 0


def choices_in(wanted: InterceptionConfig | OutputConfig) -> tuple[FallbackConfig, ...]:
    """The engine that is named and its fallbacks, in the order in which they are asked."""
    return FallbackConfig(engine=str(wanted.engine), parameters=wanted.parameters), *wanted.fallbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """One pipeline. With `translate_first` stage 1 goes on in English, without it in the prompt's language."""

    name: str
    description: str = ""
    translate_first: bool = True
    interception: InterceptionConfig = InterceptionConfig()
    outputs: tuple[OutputConfig, ...] = ()

    @property
    def images_at_least(self) -> int:
        """How many pictures a request has to bring."""
        return max((output.images_at_least for output in self.outputs), default=0)

    @property
    def images_at_most(self) -> int:
        """How many pictures a request may bring: the most that anybody is handed."""
        return max([self.interception.images_at_most, *(output.images_at_most for output in self.outputs)])

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values; a record keeps this, so that a changed file does not change what is known."""
        known = asdict(self)
        if not self.interception.nodes:
            del known["interception"]["nodes"], known["interception"]["edges"]
        return known
