"""What a failure says on the terminal: one sentence, and the right exit code."""

from __future__ import annotations

import sys

import click

from devserver.cli.showing.text import safe_line

FAILED, BAD_ARGUMENTS, INTERRUPTED = 1, 2, 130

_WRONG_INPUT = {
    *("NotWritable", "UnknownExecution", "AmbiguousExecution", "UnknownFormat", "UnknownOption", "UnsafePath"),
    *("WrongQuestion", "UnknownDataset"),
    *("WrongVariable", "WrongRemarks", "BadStudyName", "UnknownStudy", "StudyIsThere"),
    *("ConfigError", "SettingsError", "RequestError", "MissingExtra"),
}
"""Errors that another argument would avoid; named, so that nobody waits for the modules they live in."""

_OURS = {"StorageError", "TrackingError", "EngineError", "DevserverError"}


def complain(sentence: str) -> None:
    """Put one sentence on stderr; nothing in it can move the cursor or change colours."""
    print(f"otel-tracking: {safe_line(sentence)}", file=sys.stderr)


def sentence_of(trouble: Exception) -> str:
    """What to say about an exception: its own words where it is one of ours, else what and where to look."""
    if isinstance(trouble, click.UsageError):
        where_to_look = f" See: {trouble.ctx.command_path} --help" if trouble.ctx else ""
        return trouble.format_message().removesuffix(".") + "." + where_to_look
    if isinstance(trouble, click.ClickException):
        return trouble.format_message()
    if _names_of(trouble) & _OURS:
        return str(trouble)
    if isinstance(trouble, OSError):
        return f"{trouble.strerror or trouble}{f': {trouble.filename}' if trouble.filename else ''}"
    return (
        f"unexpected {type(trouble).__name__}: {trouble}. "
        "Nothing that was recorded is lost; with OTEL_TRACKING_DEBUG=1 the same command shows where it happened"
    )


def exit_code_of(trouble: Exception) -> int:
    """2 where other arguments would have worked, else 1."""
    if isinstance(trouble, click.ClickException):
        return trouble.exit_code
    return BAD_ARGUMENTS if _names_of(trouble) & _WRONG_INPUT else FAILED


def _names_of(trouble: Exception) -> set[str]:
    return {kind.__name__ for kind in type(trouble).__mro__}
