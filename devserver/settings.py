"""What can be set from outside, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devserver.errors import SettingsError

DATA_DIR = "DEVSERVER_DATA_DIR"
JOURNAL = "DEVSERVER_JOURNAL"
FORMATS = "DEVSERVER_FORMATS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where records go, and how.

    `journal` is the directory of the flight recorder: None for the usual one, False for none. `formats` are the
    documents that are written beside the dataset for each run, such as `("pdf", "xml")`.
    """

    data_dir: Path = Path("data")
    journal: Path | bool | None = None
    formats: tuple[str, ...] = ()

    @classmethod
    def from_environment(
        cls,
        *,
        data_dir: str | Path | None = None,
        journal: str | Path | bool | None = None,
        formats: tuple[str, ...] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Settings:
        """What was handed in; else what the environment says; else the defaults.

        >>> Settings.from_environment(environment={"DEVSERVER_DATA_DIR": "records"}).data_dir
        PosixPath('records')
        """
        chosen = data_dir or environment.get(DATA_DIR) or cls().data_dir
        return cls(
            data_dir=Path(chosen).expanduser(),
            journal=_read_journal(environment.get(JOURNAL) if journal is None else journal),
            formats=_read_formats(environment.get(FORMATS, "")) if formats is None else formats,
        )


def _read_journal(value: str | Path | bool | None) -> Path | bool | None:
    if value is None or value is True or value in ("", "on"):
        return None
    if value is False or value == "off":
        return False
    path = Path(value).expanduser()
    if not path.is_absolute():
        raise SettingsError(
            f"{JOURNAL} is {str(value)!r}; allowed are on, off or an absolute path on a RAM file system"
        )
    return path


def _read_formats(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
