"""The recorder of a later server, as far as its routes use it: it writes files at once, and knows nothing of us."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)


class LiveRecorder:
    """One run, in a folder of its own."""

    def __init__(self, run_id, config_name, execution_mode, safety_level, device_id=None, base=None):
        self.run_id, self.config_name, self.execution_mode = run_id, config_name, execution_mode
        self.safety_level, self.user_id, self.device_id = safety_level, "anonymous", device_id
        self.run_folder = Path(base) / "2026-01-29" / str(device_id) / run_id
        self.final_folder, self.prompting_folder = self.run_folder / "final", self.run_folder / "prompting_process"
        self.metadata: dict[str, Any] = {
            "run_id": run_id,
            "timestamp": "2026-01-29T10:15:00",
            "config_name": config_name,
            "safety_level": safety_level,
            "device_id": device_id,
            "current_state": {"stage": 0, "step": "initialized", "progress": "0/6"},
            "entities": [],
        }
        self._save_metadata()

    def set_state(self, stage, step):
        self.metadata["current_state"] = {"stage": stage, "step": step, "progress": "1/6"}
        self._save_metadata()

    def save_entity(self, entity_type, content, metadata=None):
        return self._save(self.final_folder, "entities", "", entity_type, content, metadata)

    def save_to_prompting_process(self, entity_type, content, metadata=None):
        return self._save(
            self.prompting_folder, "prompting_process", "prompting_process/", entity_type, content, metadata
        )

    def save_error(self, stage, error_type, message, details=None):
        said = {"stage": stage, "error_type": error_type, "message": message, "details": details or {}}
        return self.save_entity(entity_type="error", content=said, metadata={"stage": stage, "error_type": error_type})

    def save_prompt_id(self, prompt_id, media_type="image"):
        self.metadata.setdefault("comfyui_prompt_ids", []).append({"prompt_id": prompt_id, "media_type": media_type})
        self._save_metadata()

    def mark_complete(self):
        self.set_state(5, "complete")

    async def download_and_save_from_comfyui(self, prompt_id, media_type, config, seed=None):
        await asyncio.sleep(0)
        said = {"config": config, "backend": "comfyui", "prompt_id": prompt_id, "seed": seed}
        for index in (0, 1):
            self.save_entity(f"output_{media_type}", PNG + bytes([index]), {**said, "file_index": index})
        return self.metadata["entities"][-2]["filename"]

    def _save(self, folder, listed, below, entity_type, content, metadata):
        entries = self.metadata.setdefault(listed, [])
        suffix = "png" if isinstance(content, bytes) else "json" if isinstance(content, dict) else "txt"
        filename = f"{len(entries) + 1:02d}_{entity_type}.{suffix}"
        folder.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content) if isinstance(content, dict) else None
        (folder / filename).write_bytes(content if text is None else text.encode())
        said = {"sequence": len(entries) + 1, "type": entity_type, "filename": below + filename}
        entries.append({**said, "timestamp": "2026-01-29T10:15:00", "metadata": metadata or {}})
        self._save_metadata()
        return filename

    def _save_metadata(self):
        self.run_folder.mkdir(parents=True, exist_ok=True)
        (self.run_folder / "metadata.json").write_text(json.dumps(self.metadata))


class Recorders:
    """`get_recorder` and `load_recorder` of one process of the server."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self._active: dict[str, LiveRecorder] = {}

    def get_recorder(self, run_id, config_name=None, execution_mode=None, safety_level=None, device_id=None):
        if run_id not in self._active:
            if config_name is None:
                raise ValueError("config_name is required for a new recorder")
            self._active[run_id] = LiveRecorder(
                run_id, config_name, execution_mode, safety_level, device_id=device_id, base=self.base
            )
        return self._active[run_id]

    def load_recorder(self, run_id):
        if run_id not in self._active:
            found = next(self.base.glob(f"*/*/{run_id}/metadata.json"), None)
            if found is None:
                return None
            metadata = json.loads(found.read_text())
            said = (metadata["config_name"], "eco", metadata["safety_level"])
            loaded = LiveRecorder(run_id, *said, device_id=metadata["device_id"], base=self.base)
            loaded.metadata = metadata
            self._active[run_id] = loaded
        return self._active[run_id]
