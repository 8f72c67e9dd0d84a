"""What the stages of one run share."""

from __future__ import annotations

from dataclasses import dataclass

from devserver.configs.model import InterceptionConfig, PipelineConfig
from devserver.engines import Engines
from devserver.requests import Request
from devserver.stages.seeds import Seeds


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked for, with which configuration, engines and seeds."""

    config: PipelineConfig
    request: Request
    engines: Engines
    seeds: Seeds

    @property
    def interception(self) -> InterceptionConfig:
        """The part of the configuration that is about stage 2."""
        return self.config.interception
