"""Make a notebook of a script in cells, so that both say the same: a line `# %%` begins a cell, `[markdown]` a text."""

from __future__ import annotations

import json
import re
from typing import Any

_CELL = re.compile(r"^# %%(.*)$", re.MULTILINE)
_MARKDOWN = "[markdown]"


def notebook_of(script: str) -> bytes:
    """The script as a notebook (nbformat 4.5) that nobody has run yet; the same script gives the same bytes."""
    parts = _CELL.split(script)[1:]
    cells = [_cell(number, *part) for number, part in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1)]
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _cell(number: int, head: str, text: str) -> dict[str, Any]:
    shared: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}}
    if _MARKDOWN in head:
        return {"cell_type": "markdown", **shared, "source": _lines(_uncommented(text))}
    return {"cell_type": "code", **shared, "execution_count": None, "outputs": [], "source": _lines(text)}


def _uncommented(text: str) -> str:
    return re.sub(r"^# ?", "", text, flags=re.MULTILINE)


def _lines(text: str) -> list[str]:
    return text.strip("\n").splitlines(keepends=True)
