"""Where tables are, and where what is said of them here is kept."""

from __future__ import annotations

from pathlib import Path


def home_of(uri: str, data_home: Path) -> Path:
    """Where what is said here of a table is kept: a folder that is named after it.

    >>> home_of("s3://school/records 2026", Path("share"))
    PosixPath('share/otel-tracking/tables/s3_school_records_2026')
    """
    name = "_".join(part for part in "".join(sign if sign.isalnum() or sign in "-." else " " for sign in uri).split())
    return data_home / "otel-tracking" / "tables" / name[-120:].lstrip(".")


def is_table(place: Path) -> bool:
    """Whether a folder holds the tables of a programme, and not a local store."""
    return (place / "executions" / "_delta_log").is_dir()
