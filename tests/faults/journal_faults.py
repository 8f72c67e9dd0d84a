"""Faults of the journal: its RAM disk is full, read-only, missing, or vanishes; records still come by the other way."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from disks import fill, small_disk
from fault_stage import MOMENTS, Fault, Scene, Verdict, in_child

from collectors import Recording, start_recording


class JournalIsMissing(Fault):
    name = "the journal's directory cannot be made"
    moments = ("before the run",)
    reason = "cannot be used"

    def start(self, scene: Scene) -> Recording:
        recording = start_recording([scene.sink], **scene.options | {"journal": self.directory(scene)})
        health = recording.health()["journal"]
        assert health["mode"] == "memory only"
        assert self.reason in health["reason"]
        return recording

    def directory(self, scene: Scene) -> Path:
        return Path("/proc/nowhere")


class JournalIsNoDirectory(JournalIsMissing):
    name = "the journal's directory is a file"
    reason = "is a file, not a directory"

    def directory(self, scene: Scene) -> Path:
        (scene.ram / "file").write_text("in the way")
        return scene.ram / "file"


class JournalIsOthers(JournalIsMissing):
    name = "the journal's directory may be written by others"
    reason = "may be written by others"

    def directory(self, scene: Scene) -> Path:
        (scene.ram / "open").mkdir()
        (scene.ram / "open").chmod(0o777)
        return scene.ram / "open"


class JournalIsReadOnly(JournalIsMissing):
    name = "the journal's disk is read-only"
    reason = "Read-only"

    def directory(self, scene: Scene) -> Path:
        return scene.directory / "disk"

    def play(self, scene: Scene) -> Verdict:
        with small_disk(scene.directory / "disk") as disk:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            return super().play(scene)


class JournalVanishes(Fault):
    name = "the journal's directory vanishes"

    def strike(self, scene: Scene, scope: Any) -> None:
        shutil.rmtree(scene.ram)

    def lift(self, scene: Scene) -> None:
        scene.ram.mkdir()


class JournalIsFull(Fault):
    """Played in a forked child: a write to a map without space would kill it with SIGBUS."""

    name = "the journal's disk is full"
    moments = MOMENTS

    def start(self, scene: Scene) -> Recording:
        scene.ram = scene.directory / "disk"
        return super().start(scene)

    def strike(self, scene: Scene, scope: Any) -> None:
        self.filler = fill(scene.ram)
        if scope is not None:
            for number in range(200):
                scene.item(scope, "user_input_text", f"{number} " + "x" * 10_000)

    def lift(self, scene: Scene) -> None:
        self.filler.unlink()

    def play(self, scene: Scene) -> Verdict:
        with small_disk(scene.directory / "disk", kibibytes=2048):
            verdict: Verdict = in_child(lambda: super(JournalIsFull, self).play(scene))
        scene.struck = 1
        return verdict


FAULTS = (JournalIsMissing, JournalIsNoDirectory, JournalIsOthers, JournalIsReadOnly, JournalVanishes, JournalIsFull)
