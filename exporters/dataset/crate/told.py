"""What is told of runs: which stages, by which engines, from what, to what, and what went wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Tool(NamedTuple):
    """An engine: a backend, and the model that it worked with, where one was named."""

    backend: str
    model: str = ""

    @property
    def name(self) -> str:
        """Both, for people."""
        return f"{self.backend}: {self.model}" if self.model else self.backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What went into a stage or came out of it: a text or a verdict (`value`), or a file of the dataset (`path`).

    `number` is that of the item among those of its run; 0 for a file of the dataset as such.
    """

    number: int
    name: str
    value: str = ""
    language: str = ""
    path: str = ""
    media_type: str = ""
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTold:
    """One stage of one run, or the same stage of many; `error` says why it failed and is empty where it did not."""

    stage: int
    output: int | None = None
    tools: tuple[Tool, ...] = ()
    start: dt.datetime
    end: dt.datetime
    used: tuple[Thing, ...] = ()
    made: tuple[Thing, ...] = ()
    error: str = ""
    runs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTold:
    """One run, or many of one configuration (`runs`): `name` tells it from the others of its dataset."""

    name: str
    config: str
    stages: tuple[StageTold, ...]
    start: dt.datetime
    end: dt.datetime
    error: str = ""
    agent: str = ""
    seed: str = ""
    runs: int = 1


@dataclass(frozen=True, slots=True)
class RunsTold:
    """What is told of all runs of a dataset; `is_whole` where each of them is told by itself."""

    runs: Sequence[RunTold] = field(default_factory=list)
    is_whole: bool = True

    @property
    def tools(self) -> list[Tool]:
        """The engines, each once, in the order of their names."""
        return sorted({tool for run in self.runs for stage in run.stages for tool in stage.tools})

    @property
    def stages(self) -> list[int]:
        """The stages, each once, in their order."""
        return sorted({stage.stage for run in self.runs for stage in run.stages})
