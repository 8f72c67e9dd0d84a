"""The configurations that can be run by name: those that come along, and those in a directory of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devserver.configs.files import SUFFIXES, list_configs, read_config
from devserver.configs.model import PipelineConfig
from devserver.errors import ConfigError, UnknownConfig, suggestion


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is on it is looked up each time, so that a file that was just written can be run at once.

    One's own configuration goes before one that comes along under the same name.
    """

    directory: Path | None = None

    def all(self) -> tuple[PipelineConfig, ...]:
        """Every configuration that can be run by name; files with mistakes are left out, `mistakes` names them."""
        own, _ = self._read()
        names = {config.name for config in own}
        return (*own, *(config for config in list_configs() if config.name not in names))

    def mistakes(self) -> tuple[str, ...]:
        """A sentence for each file of one's own that is no configuration."""
        return self._read()[1]

    def named(self, name: str) -> PipelineConfig:
        """The configuration of that name, never a file. Raises `UnknownConfig`."""
        known = {config.name: config for config in self.all()}
        if name not in known:
            raise UnknownConfig(f"no configuration {name!r:.100}; {suggestion(name[:100], known)}", "config unknown")
        return known[name]

    def find(self, name: str | Path) -> PipelineConfig:
        """The configuration of that name, or the one in that file (`.toml` or `.json`).

        Raises `UnknownConfig`, `InvalidConfig`, or `ConfigError` where the file cannot be read.

        >>> Shelf().find("stillepost").interception.hops
        8
        """
        if Path(name).suffix in SUFFIXES:
            return read_config(Path(name))
        try:
            return self.named(str(name))
        except UnknownConfig as error:
            # Where files lie is for whoever may name one.
            mistakes = "".join(f"; {sentence}" for sentence in self.mistakes())
            raise UnknownConfig(f"{error}; a path to a .toml or .json file does too{mistakes}") from None

    def _read(self) -> tuple[tuple[PipelineConfig, ...], tuple[str, ...]]:
        """The configurations of one's own, and what is wrong with the other files."""
        own: dict[str, PipelineConfig] = {}
        mistakes: list[str] = []
        for path in self._files():
            try:
                config = read_config(path)
            except ConfigError as error:
                mistakes.append(str(error))
                continue
            if own.setdefault(config.name, config) is not config:
                mistakes.append(f"{path}: another file has the name {config.name!r} already; another name would work")
        return tuple(own.values()), tuple(mistakes)

    def _files(self) -> list[Path]:
        if self.directory is None:
            return []
        return sorted(path for path in self.directory.iterdir() if path.suffix in SUFFIXES and path.is_file())
