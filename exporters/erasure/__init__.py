"""How is a run erased everywhere, to the end, and proved gone? `driver.py` carries it out, `places/` say where to."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from exporters.erasure.intent import Intent, pending

if TYPE_CHECKING:
    from exporters.erasure.driver import Progress, Reason, erase, find, new_erasure, resume
    from exporters.erasure.report import ErasureReport, FoundRuns, kept_report

__all__ = [
    "ErasureReport",
    "FoundRuns",
    "Intent",
    "Progress",
    "Reason",
    "erase",
    "find",
    "kept_report",
    "new_erasure",
    "pending",
    "resume",
]


def __getattr__(name: str) -> Any:
    """The public name, imported now: most starts only ask whether an erasure is pending."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    home = "report" if name in ("ErasureReport", "FoundRuns", "kept_report") else "driver"
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
