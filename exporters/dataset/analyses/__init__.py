"""The example analyses that every dataset brings along: a script, the same as a notebook, and what they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files

from exporters.dataset.analyses.notebook import notebook_of

_HERE = files(__name__)


def _text(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


ANALYSES: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "analyses/analysis.py": (
        "example analyses: how far texts drift, how runs end, what engines made of what they were given",
        lambda: _text("analysis.py.in").encode(),
    ),
    "analyses/analysis.ipynb": ("the same as a notebook", lambda: notebook_of(_text("analysis.py.in"))),
    "analyses/requirements.txt": ("what they need", lambda: _text("requirements.txt").encode()),
}
"""Each file in a dataset: what it is, and what it holds. The same in every dataset of one version."""
