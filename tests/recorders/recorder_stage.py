"""Folders as earlier recorders wrote them: say what matters, the rest is filled in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[1] / "samples" / "recorder"
RUN_ID = "run_1769678100123_a1b2c3"
ANNA = {"user_id": "Anna Musterfrau", "session_id": "Klasse 4b", "device_id": "tablet-von-anna"}


def entity(kind: str, content: Any, name: str | None = None, **said: Any) -> tuple[dict[str, Any], Any]:
    """An entity and what its file holds: a text, a value of JSON, or bytes."""
    suffix = "txt" if isinstance(content, str) else "bin" if isinstance(content, bytes) else "json"
    return {"type": kind, "filename": name or f"{kind}.{suffix}", **said}, content


def a_folder(
    where: Path, *entities: tuple[dict[str, Any], Any], edits: tuple[Any, ...] = (), place: str = "final", **said: Any
) -> Path:
    """A run's folder with these entities, numbered; a complete one, unless it is said to be another."""
    folder = where / str(said.get("run_id", RUN_ID))
    usual = {"run_id": RUN_ID, "timestamp": "2026-01-29T10:15:00", "config_name": "renaissance", "safety_level": "kids"}
    metadata = {
        **usual,
        "current_state": {"stage": "complete", "step": "complete", "progress": "6/6"},
        "entities": [{"sequence": n, "metadata": {}, **one} for n, (one, _) in enumerate(entities, start=1)],
        "prompting_process": [{"sequence": n, **one} for n, (one, _) in enumerate(edits, start=1)],
        **said,
    }
    for parts, below in ((entities, place), (edits, "prompting_process")):
        for one, content in parts:
            if content is not None:
                write(folder / below / one["filename"], content)
    write(folder / "metadata.json", metadata)
    return folder


def write(path: Path, content: Any) -> Path:
    """A file with a text, bytes, or a value as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else _text(content).encode("utf-8", "surrogateescape"))
    return path


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
