"""What the stages of one run share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from devserver.configs.model import InterceptionConfig, PipelineConfig
from devserver.engines import Engines
from devserver.requests import Request
from devserver.stages.seeds import Seeds


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked for, with which configuration, engines and seeds; `cancel` is set where it is to stop."""

    config: PipelineConfig
    request: Request
    engines: Engines
    seeds: Seeds
    cancel: threading.Event | None = None
    wait: Callable[[float], object] = time.sleep

    def pause(self, seconds: float) -> None:
        """Wait before an attempt is repeated."""
        self.wait(seconds)

    @property
    def interception(self) -> InterceptionConfig:
        """The part of the configuration that is about stage 2."""
        return self.config.interception
