"""A recorder in the place of the earlier one: the same calls, the same folder, and its run recorded as a trace.

The folder is for routes that read it; it is written on another thread. Nothing here asks the network: what a download
brings is fetched by whoever was handed in as `downloads`, where the earlier recorder made it: in the caller's loop.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from otel_tracking.errors import TrackingError
from otel_tracking.migration.recorder.entries import EXPECTED, bytes_of, entry_of, now, suffix_of
from otel_tracking.migration.recorder.folder import plain
from otel_tracking.migration.recorder.guard import guarded, never_raising
from otel_tracking.migration.recorder.hearing import hear
from otel_tracking.migration.recorder.place import folder_writer, server_runs

NO_DOWNLOADS = (
    "nobody was handed in who downloads: set LivePipelineRecorder.downloads at the server's start (docs/adopting.md)"
)


class Downloads(Protocol):
    """Who fetches what a backend made: the server's own clients, behind three methods."""

    async def from_comfyui(self, prompt_id: str, media_type: str) -> Sequence[bytes]:
        """The files of a finished call."""

    async def from_swarmui(self, image_paths: Sequence[str], media_type: str) -> Sequence[bytes]:
        """The files at these paths."""

    async def from_url(self, url: str, media_type: str) -> Sequence[bytes]:
        """The file at an address."""


class LivePipelineRecorder:
    """One run of a server, saved as it goes. Nothing raises; what could not be done is counted, and answers None."""

    downloads: ClassVar[Downloads | None] = None
    """Set once, at the server's start, where its routes download through their recorder."""

    def __init__(
        self,
        run_id: str,
        config_name: str,
        execution_mode: str,
        safety_level: str,
        user_id: str = "anonymous",
        device_id: str | None = None,
        base_path: Path | str | None = None,
        *,
        continues: str | None = None,
    ) -> None:
        self.config_name, self.execution_mode = config_name, execution_mode
        self.safety_level, self.user_id = safety_level, user_id
        self.run_id, self.runs = run_id, server_runs()
        self._writer, self._lock = folder_writer(), threading.RLock()
        self.device_id = device_id or f"dev_{os.urandom(6).hex()}"
        self.base_path = Path(base_path or Path.cwd())
        self._folder = self.base_path / f"{dt.datetime.now():%Y-%m-%d}" / plain(self.device_id) / plain(run_id)
        self.expected_outputs = list(EXPECTED)
        self.current_stage: Any = 0
        self.current_step = "initialized"
        self.metadata: dict[str, Any] = self._first_metadata(device_id)
        hear(self, self.runs, continues=continues, begins=True)
        self._save_metadata()

    @classmethod
    def of_folder(cls, folder: Path, base_path: Path) -> LivePipelineRecorder:
        """The recorder of a run whose folder is there. Raises where its `metadata.json` cannot be read."""
        said = json.loads((folder / "metadata.json").read_text("utf-8"))
        recorder = cls.__new__(cls)
        recorder.run_id, recorder.base_path, recorder._folder = str(said["run_id"]), base_path, folder
        recorder.config_name = said.get("config_name") or said.get("schema") or "unknown"
        recorder.execution_mode = said.get("execution_mode", "eco")
        recorder.safety_level = said.get("safety_level", "kids")
        recorder.user_id, recorder.device_id = said.get("user_id", "anonymous"), said.get("device_id") or "anonymous"
        recorder.runs = server_runs()
        recorder._writer, recorder._lock = folder_writer(), threading.RLock()
        recorder.expected_outputs = list(EXPECTED)
        recorder.metadata = {"entities": [], **said}
        state = recorder.metadata.setdefault("current_state", {"stage": 0, "step": "unknown", "progress": "0/6"})
        recorder.current_stage, recorder.current_step = state.get("stage", 0), state.get("step", "unknown")
        return recorder

    @property
    def run_folder(self) -> Path:
        """The folder of the run, with everything in it that was saved so far."""
        self._writer.settle()
        return self._folder

    @property
    def final_folder(self) -> Path:
        """Where the entities are."""
        return self.run_folder / "final"

    @property
    def prompting_folder(self) -> Path:
        """Where the steps of the prompting are."""
        return self.run_folder / "prompting_process"

    @property
    def sequence_number(self) -> int:
        """How many entities were saved."""
        return len(self.metadata["entities"])

    @property
    def prompting_sequence(self) -> int:
        """How many steps of the prompting were saved."""
        return len(self.metadata.get("prompting_process", ()))

    @never_raising
    def set_state(self, stage: Any, step: str) -> None:
        """Say where the pipeline is."""
        self.current_stage, self.current_step = stage, step
        self.metadata["current_state"] = {"stage": stage, "step": step, "progress": self._progress()}
        self._save_metadata()

    @never_raising
    def save_entity(self, entity_type: str, content: Any, metadata: dict[str, Any] | None = None) -> str:
        """Save a result; the name of its file."""
        with self._lock:
            number = self.sequence_number + 1
            filename = f"{number:02d}_{plain(entity_type)}.{suffix_of(content, metadata)}"
            self._save(self._folder / "final" / filename, content)
            self.metadata["entities"].append(entry_of(number, entity_type, filename, metadata))
            self.metadata.setdefault("current_state", {})["progress"] = self._progress()
            self._save_metadata()
        return filename

    @never_raising
    def save_to_prompting_process(self, entity_type: str, content: Any, metadata: dict[str, Any] | None = None) -> str:
        """Save a step of the prompting: what was typed, what came of it, what was changed; the name of its file."""
        with self._lock:
            number = self.prompting_sequence + 1
            filename = f"{number:03d}_{plain(entity_type)}.{suffix_of(content)}"
            self._save(self._folder / "prompting_process" / filename, content)
            entry = entry_of(number, entity_type, f"prompting_process/{filename}", metadata)
            self.metadata.setdefault("prompting_process", []).append(entry)
            self._save_metadata()
        return filename

    @never_raising
    def save_error(self, stage: Any, error_type: str, message: str, details: dict[str, Any] | None = None) -> str:
        """Save an error, or what a check refused."""
        said = {"stage": stage, "error_type": error_type, "message": message, "details": details or {}}
        return self.save_entity("error", {**said, "timestamp": now()}, {"stage": stage, "error_type": error_type})

    @never_raising
    def save_prompt_id(self, prompt_id: str, media_type: str = "image") -> None:
        """Keep a backend's name of a call."""
        said = {"prompt_id": prompt_id, "media_type": media_type, "timestamp": now()}
        self.metadata.setdefault("comfyui_prompt_ids", []).append(said)
        self._save_metadata()

    @never_raising
    def save_workflow_json(self, workflow: Any, entity_type: str = "workflow") -> str:
        """Save a graph."""
        nodes = len(workflow) if isinstance(workflow, dict) else 0
        return self.save_entity(entity_type, workflow, {"type": "workflow_archive", "node_count": nodes})

    @never_raising
    def mark_complete(self) -> None:
        """The run is over."""
        self.set_state(5, "complete")

    @never_raising
    def get_status(self) -> dict[str, Any]:
        """How far the run is, for whoever asks each second."""
        entities = list(self.metadata["entities"])
        done = [entry["type"] for entry in entities]
        return {
            "run_id": self.run_id,
            "current_state": self.metadata["current_state"],
            "expected_outputs": self.expected_outputs,
            "completed_outputs": done,
            "next_expected": next((name for name in self.expected_outputs if name not in done), None),
            "entities": entities,
        }

    @never_raising
    def get_entity_path(self, entity_type: str) -> Path | None:
        """The file of the first entity of that type."""
        named = (entry["filename"] for entry in self.metadata["entities"] if entry["type"] == entity_type)
        filename = next(named, None)
        return self.final_folder / filename if filename else None

    async def download_and_save_from_comfyui(
        self, prompt_id: str, media_type: str, config: str, seed: int | None = None
    ) -> str | None:
        """Save what a call of ComfyUI made; the name of its first file."""
        said = {"config": config, "backend": "comfyui", "prompt_id": prompt_id, "seed": seed}
        return await self._download("from_comfyui", (prompt_id, media_type), media_type, said)

    async def download_and_save_from_swarmui(
        self, image_paths: list[str], media_type: str, config: str, seed: int | None = None
    ) -> str | None:
        """Save what SwarmUI made; the name of its first file."""
        said = {"config": config, "backend": "swarmui", "seed": seed}
        return await self._download("from_swarmui", (image_paths, media_type), media_type, said)

    async def download_and_save_from_url(
        self, url: str, media_type: str, config: str, seed: int | None = None
    ) -> str | None:
        """Save what lies at an address; the name of its file. The address is not kept: it may hold a key."""
        said = {"config": config, "backend": "api", "seed": seed}
        return await self._download("from_url", (url, media_type), media_type, said)

    async def _download(self, how: str, what: tuple[Any, ...], media_type: str, said: dict[str, Any]) -> str | None:
        """Save each file that whoever downloads has brought."""
        try:
            if self.downloads is None:
                raise TrackingError(NO_DOWNLOADS)
            files = await getattr(self.downloads, how)(*what)
            for index, content in enumerate(files):
                entity = {**said, "file_index": index, "total_files": len(files)}
                self.save_entity(f"output_{media_type}", content, entity)
            return str(self.metadata["entities"][-len(files)]["filename"]) if files else None
        except Exception as trouble:
            self.runs.troubles.report(f"recorder download {how}", trouble)
            return None

    def _save(self, path: Path, content: Any) -> None:
        self._writer.write(path, bytes_of(content))

    def _save_metadata(self) -> None:
        """Write `metadata.json` anew; routes call it after they have changed `metadata`."""
        guarded(self.runs, "metadata", self._write_metadata)

    def _write_metadata(self) -> None:
        self._save(self._folder / "metadata.json", self.metadata)

    def _progress(self) -> str:
        return f"{self.sequence_number}/{len(self.expected_outputs)}"

    def _first_metadata(self, device_id: str | None) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "timestamp": now(),
            "config_name": self.config_name,
            "execution_mode": self.execution_mode,
            "safety_level": self.safety_level,
            "user_id": self.user_id,
            "device_id": device_id,
            "expected_outputs": self.expected_outputs,
            "current_state": {"stage": 0, "step": "initialized", "progress": f"0/{len(self.expected_outputs)}"},
            "entities": [],
        }
