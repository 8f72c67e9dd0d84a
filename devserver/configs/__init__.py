"""Pipeline configurations: those that come with the server, and those that people write themselves (TOML or JSON)."""

from __future__ import annotations

from devserver.configs.files import list_configs, read_config
from devserver.configs.model import FallbackConfig, InterceptionConfig, OutputConfig, PipelineConfig
from devserver.configs.shelf import Shelf

__all__ = [
    "FallbackConfig",
    "InterceptionConfig",
    "OutputConfig",
    "PipelineConfig",
    "Shelf",
    "list_configs",
    "load_config",
    "read_config",
]

load_config = Shelf().find
