"""Read configurations from files: those that come with the server, and those that people write themselves."""

from __future__ import annotations

import json
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from devserver.configs.model import PipelineConfig
from devserver.configs.schema import read_pipeline
from devserver.errors import ConfigError, InvalidConfig

SUFFIXES = (".toml", ".json")


@cache
def list_configs() -> tuple[PipelineConfig, ...]:
    """The configurations that come with the server, by name."""
    package = files(__package__)
    sources = sorted(entry.name for entry in package.iterdir() if Path(entry.name).suffix in SUFFIXES)
    return tuple(_parse(name, package.joinpath(name).read_bytes()) for name in sources)


def read_config(path: Path) -> PipelineConfig:
    """The configuration in a file that somebody wrote. Raises `ConfigError`, which names the file."""
    try:
        told = path.stat()
        return _read_once(path, told.st_mtime_ns, told.st_size)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); a .toml or .json file is expected") from error


@lru_cache(256)
def _read_once(path: Path, changed_ns: int, size: int) -> PipelineConfig:
    return _parse(str(path), path.read_bytes())


def _parse(name: str, content: bytes) -> PipelineConfig:
    return read_pipeline(_decode(name, content), name)


def _decode(name: str, content: bytes) -> Any:
    try:
        text = content.decode("utf-8")
        return json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if name.endswith(".json") else "TOML"
        raise InvalidConfig(f"{name}: is not {kind} in UTF-8: {error}") from error
