"""Pipeline configurations: those that come with the server, and those that people write themselves (TOML or JSON)."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from devserver.configs.model import FallbackConfig, InterceptionConfig, OutputConfig, PipelineConfig
from devserver.configs.schema import read_pipeline
from devserver.errors import ConfigError, InvalidConfig, UnknownConfig, suggestion

__all__ = [
    "FallbackConfig",
    "InterceptionConfig",
    "OutputConfig",
    "PipelineConfig",
    "list_configs",
    "load_config",
    "read_config",
]

SUFFIXES = (".toml", ".json")


def load_config(name: str | Path) -> PipelineConfig:
    """The configuration of that name, or the one in that file (`.toml` or `.json`).

    Raises `UnknownConfig`, `InvalidConfig`, or `ConfigError` where the file cannot be read.

    >>> load_config("stillepost").interception.hops
    8
    """
    if Path(name).suffix in SUFFIXES:
        return read_config(Path(name))
    known = {config.name: config for config in list_configs()}
    if str(name) not in known:
        raise UnknownConfig(
            f"no configuration {str(name)!r}; {suggestion(str(name), known)}; a path to a .toml or .json file does too"
        )
    return known[str(name)]


@cache
def list_configs() -> tuple[PipelineConfig, ...]:
    """The configurations that come with the server, by name."""
    sources = sorted(entry.name for entry in files(__package__).iterdir() if Path(entry.name).suffix in SUFFIXES)
    return tuple(_parse(name, files(__package__).joinpath(name).read_bytes()) for name in sources)


def read_config(path: Path) -> PipelineConfig:
    """The configuration in a file that somebody wrote."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); a .toml or .json file is expected") from error
    return _parse(str(path), content)


def _parse(name: str, content: bytes) -> PipelineConfig:
    return read_pipeline(_decode(name, content), name)


def _decode(name: str, content: bytes) -> Any:
    try:
        text = content.decode("utf-8")
        return json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    except ValueError as error:
        kind = "JSON" if name.endswith(".json") else "TOML"
        raise InvalidConfig(f"{name}: is not {kind} in UTF-8: {error}") from error
