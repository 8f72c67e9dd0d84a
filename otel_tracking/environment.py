"""What of a recording can be set from outside: where records go, and what else is sent where; read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from otel_tracking.errors import RecordingError

DATA_DIR = "DEVSERVER_DATA_DIR"
JOURNAL = "DEVSERVER_JOURNAL"
FORMATS = "DEVSERVER_FORMATS"
OTLP_ENDPOINT = "DEVSERVER_OTLP_ENDPOINT"
OTLP_CONTENT = "DEVSERVER_OTLP_CONTENT"
STUDY = "DEVSERVER_STUDY"
RESEARCH_ENDPOINT = "DEVSERVER_RESEARCH_ENDPOINT"
RESEARCH_TOKEN = "DEVSERVER_RESEARCH_TOKEN"
OUTBOX_BYTES = "DEVSERVER_OUTBOX_BYTES"
OUTBOX_WHEN_FULL = "DEVSERVER_OUTBOX_WHEN_FULL"
MEDIA_STORE = "DEVSERVER_MEDIA_STORE"
RESEARCH_RUNS = "DEVSERVER_RESEARCH_RUNS"

ASSEMBLY = "DEVSERVER_ASSEMBLY"
THREAD, PROCESS = "thread", "process"
"""Where records are made: on a thread of the pipeline's process, or in one of their own."""

WAIT, DROP_OLDEST = "wait", "drop_oldest"
"""What becomes of a record for which the outbox has no room."""
CONSENTED, ALL = "consented", "all"
"""Which runs a research programme is sent: of a study that asks for consent those that have it, or all."""
REDACTED = "redacted"
"""What `otlp_content` is for viewers whose every text is looked over first."""


def outbox_of(data_dir: Path) -> Path:
    """Where records of a data directory wait for a research programme."""
    return data_dir / "outbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """Where records go, and how.

    `journal` is the directory of the flight recorder: None for the usual one, False for none. `formats` are the
    documents that are written beside the dataset for each run, such as `("pdf", "xml")`.

    Traces go to `otlp_endpoint`, where None leaves it to OpenTelemetry's own variables and False sends none; as
    `otlp_content`: for a `viewer`, the same with its texts `redacted`, or in `full`.

    Runs that say no study are of `study`, one of the data directory; None where there is none.

    Whole records go to `research_endpoint` as well, with `research_token`; None for nowhere. Of each process at most
    `outbox_bytes` wait for it, None for the usual 4 GiB; then records `wait` in their journals, or it is `drop_oldest`.
    Media are brought to `media_store`, `s3://bucket/prefix` or a folder; None for nowhere. Of a study that asks for
    consent only runs leave that have it: `research_runs` says `consented`, or `all`.

    Records are made on a `thread` of the pipeline's process or in a `process` of their own, as `assembly` says; None
    for what is usual there.
    """

    data_dir: Path = Path("data")
    journal: Path | bool | None = None
    formats: tuple[str, ...] = ()
    otlp_endpoint: str | bool | None = field(default=None, repr=False)
    otlp_content: str | None = None
    study: str | None = None
    research_endpoint: str | None = field(default=None, repr=False)
    research_token: str | None = field(default=None, repr=False)
    outbox_bytes: int | None = None
    outbox_when_full: str = WAIT
    research_runs: str = CONSENTED
    media_store: str | None = field(default=None, repr=False)
    assembly: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """What the environment says, else the defaults. Raises `RecordingError` for what cannot be understood.

        >>> RecordingSettings.from_environment({"DEVSERVER_DATA_DIR": "records"}).data_dir
        PosixPath('records')
        """
        return cls(**read_recording(environment))


def read_recording(
    environment: Mapping[str, str],
    *,
    data_dir: str | Path | None = None,
    journal: str | Path | bool | None = None,
    formats: tuple[str, ...] | None = None,
) -> dict[str, Any]:
    """The fields of `RecordingSettings`: what was handed in, else what the environment says, else the defaults."""
    chosen = data_dir or environment.get(DATA_DIR) or RecordingSettings().data_dir
    return {
        "data_dir": Path(chosen).expanduser(),
        "journal": _read_journal(environment.get(JOURNAL) if journal is None else journal),
        "formats": _read_formats(environment.get(FORMATS, "")) if formats is None else formats,
        "study": environment.get(STUDY, "").strip() or None,
        "assembly": _read_assembly(environment.get(ASSEMBLY, "").strip()),
        **_read_traces(environment),
        **_read_research(environment),
    }


def _read_assembly(value: str) -> str | None:
    if value not in ("", THREAD, PROCESS):
        raise RecordingError(f"{ASSEMBLY} is {value!r:.40}; {THREAD} or {PROCESS} would work")
    return value or None


def _read_journal(value: str | Path | bool | None) -> Path | bool | None:
    if value is None or value is True or value in ("", "on"):
        return None
    if value is False or value == "off":
        return False
    path = Path(value).expanduser()
    if not path.is_absolute():
        raise RecordingError(
            f"{JOURNAL} is {str(value)!r}; allowed are on, off or an absolute path on a RAM file system"
        )
    return path


def _read_formats(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _read_traces(environment: Mapping[str, str]) -> dict[str, Any]:
    """Where traces go, and how much of them."""
    endpoint: str | bool | None = environment.get(OTLP_ENDPOINT, "").strip() or None
    return {
        "otlp_endpoint": False if endpoint == "off" else endpoint,
        "otlp_content": environment.get(OTLP_CONTENT, "").strip() or None,
    }


def _read_research(environment: Mapping[str, str]) -> dict[str, Any]:
    """Where whole records go, and how much may wait for it."""
    given = {name: environment.get(name, "").strip() for name in (RESEARCH_ENDPOINT, RESEARCH_TOKEN)}
    when_full = environment.get(OUTBOX_WHEN_FULL, "").strip() or WAIT
    if when_full not in (WAIT, DROP_OLDEST):
        raise RecordingError(f"{OUTBOX_WHEN_FULL} is {when_full!r:.40}; {WAIT} or {DROP_OLDEST} would work")
    runs = environment.get(RESEARCH_RUNS, "").strip() or CONSENTED
    if runs not in (CONSENTED, ALL):
        raise RecordingError(f"{RESEARCH_RUNS} is {runs!r:.40}; {CONSENTED} or {ALL} would work")
    return {
        "research_endpoint": given[RESEARCH_ENDPOINT] or None,
        "research_token": given[RESEARCH_TOKEN] or None,
        "outbox_bytes": _read_bytes(environment.get(OUTBOX_BYTES, "").strip()),
        "outbox_when_full": when_full,
        "research_runs": runs,
        "media_store": environment.get(MEDIA_STORE, "").strip() or None,
    }


def _read_bytes(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15 and int(text) >= 2**20):
        raise RecordingError(f"{OUTBOX_BYTES} is {text!r:.40}; a number of bytes from a MiB on, such as {4 * 2**30}")
    return int(text)
