"""What a pipeline configuration says, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

INTERCEPTION_KINDS = ("translation_chain", "pass_on", "engine")
"""What stage 2 can do; `devserver/stages/interception.py` has a function for each."""

MEDIA = ("image", "audio", "music", "video", "3d", "code")
"""What an output can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterceptionConfig:
    """Stage 2. A `translation_chain` visits `languages`: "fixed" or "random" ones over `hops`, or those of a list.

    A random chain ends in `final_language`, or where it began where that is None. `engine` is for the kind `engine`.
    """

    kind: str = "pass_on"
    hops: int = 8
    languages: str | tuple[str, ...] = "fixed"
    final_language: str | None = None
    engine: str | None = None
    seed: int | str = "random"
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputConfig:
    """One output: the medium, the engine that makes it, and what the engine is asked for."""

    name: str
    engine: str
    medium: str = "image"
    seed: int | str = "random"
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """One pipeline. With `translate_first` stage 1 goes on in English, without it in the prompt's language."""

    name: str
    description: str = ""
    translate_first: bool = True
    interception: InterceptionConfig = InterceptionConfig()
    outputs: tuple[OutputConfig, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values; a record keeps this, so that a changed file does not change what is known."""
        return asdict(self)
