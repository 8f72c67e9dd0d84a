"""A real ComfyUI's answers, as data with something put in for what is other each time; see the README beside this."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any


def answer(name: str, **values: str) -> dict[str, Any]:
    """The answer of that name, with these values where it has `$…`."""
    written = {key: json.dumps(value)[1:-1] for key, value in values.items()}
    text = Path(__file__).with_name(f"{name}.json").read_text("utf-8")
    return json.loads(Template(text).safe_substitute(written))  # type: ignore[no-any-return]


def messages(name: str) -> list[dict[str, Any]]:
    """The messages of that name, in order; a binary one has its bytes under `binary`."""
    lines = Path(__file__).with_name(f"{name}.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [{"binary": bytes.fromhex(said["binary"])} if "binary" in said else said for said in found]
