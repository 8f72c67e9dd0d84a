"""Faults of sinks: they raise, hang, and lose their disk, permission or directory."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import threading
from pathlib import Path

from disks import fill, small_disk
from fault_stage import PATIENCE, Fault, Scene
from folder_sink import FolderSink

from collectors import Recording, start_recording
from exporters import ParquetSink, read_records
from otel_tracking import ExecutionRecord


class SinkRaises(Fault):
    error: type[BaseException]

    def start(self, scene: Scene) -> Recording:
        scene.sink = FolderSink(scene.directory / "switched")
        return super().start(scene)

    def strike(self, scene: Scene, scope: object) -> None:
        scene.sink.raise_instead(self.error)

    def lift(self, scene: Scene) -> None:
        scene.sink.do_it_right()


class SinkRaisesOSError(SinkRaises):
    name = "sink raises OSError"
    error = OSError


class SinkRaisesSomething(SinkRaises):
    name = "sink raises an error of its own"
    error = RuntimeError


class SinkExits(SinkRaises):
    name = "sink calls sys.exit"
    error = SystemExit


class SinkHangs(SinkRaises):
    name = "sink hangs"

    def strike(self, scene: Scene, scope: object) -> None:
        scene.sink.hang_instead()


class OnDisk(Fault):
    """A fault of a real Parquet dataset."""

    def start(self, scene: Scene) -> Recording:
        scene.sink = ParquetSink(self.data_dir(scene))
        return start_recording([scene.sink], **scene.options)

    def data_dir(self, scene: Scene) -> Path:
        return scene.directory / "data"

    def record(self, scene: Scene) -> ExecutionRecord:
        [record] = [record for record in read_records(self.data_dir(scene)) if record.trace_id == scene.trace_id]
        return record


class DirectoryIsLost(OnDisk):
    name = "sink loses its directory"

    def strike(self, scene: Scene, scope: object) -> None:
        # What became durable before this, and was removed, is not the recording's to bring back.
        if scene.moment in ("after the run", "during flush", "during close"):
            assert scene.recording.flush(PATIENCE)
            self.kept = self.record(scene)
        shutil.rmtree(self.data_dir(scene))

    def record(self, scene: Scene) -> ExecutionRecord:
        return getattr(self, "kept", None) or super().record(scene)


class FilesMustStaySmall(OnDisk):
    name = "no file may grow (RLIMIT_FSIZE)"

    def strike(self, scene: Scene, scope: object) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.limit(scene, (100, self.before[1]))

    def lift(self, scene: Scene) -> None:
        self.limit(scene, self.before)
        signal.signal(signal.SIGXFSZ, self.handler)

    def limit(self, scene: Scene, limits: tuple[int, int]) -> None:
        """Of whichever process writes."""
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        for sink in scene.recording.health()["sinks"]:
            if sink.get("process"):
                resource.prlimit(sink["process"], resource.RLIMIT_FSIZE, limits)


class OnSmallDisk(OnDisk):
    """The dataset lies on a disk of its own."""

    def data_dir(self, scene: Scene) -> Path:
        return scene.directory / "disk" / "data"

    def play(self, scene: Scene):
        with small_disk(scene.directory / "disk"):
            return super().play(scene)


class DiskIsFull(OnSmallDisk):
    name = "sink's disk is full"

    def strike(self, scene: Scene, scope: object) -> None:
        self.filler = fill(scene.directory / "disk")

    def lift(self, scene: Scene) -> None:
        self.filler.unlink()


class PermissionIsLost(OnSmallDisk):
    name = "sink's disk is read-only"

    def strike(self, scene: Scene, scope: object) -> None:
        self.remount(scene, "ro")

    def lift(self, scene: Scene) -> None:
        self.remount(scene, "rw")

    def remount(self, scene: Scene, how: str) -> None:
        command = ["mount", "-o", f"remount,{how}", scene.directory / "disk"]
        # A write that is under way keeps the disk busy; it ends.
        assert any(subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0 for _ in range(1000))


class SinkCannotClose(Fault):
    name = "sink cannot be closed"
    moments = ("during close",)

    def strike(self, scene: Scene, scope: object) -> None:
        scene.sink.close = self.go_wrong

    def go_wrong(self) -> None:
        raise RuntimeError("cannot be closed")


class SinkHangsInClose(SinkCannotClose):
    name = "sink hangs when it is closed"

    def __init__(self) -> None:
        self.gate = threading.Event()

    def go_wrong(self) -> None:
        assert self.gate.wait(PATIENCE)

    def lift(self, scene: Scene) -> None:
        self.gate.set()


FAULTS = (
    *(SinkRaisesOSError, SinkRaisesSomething, SinkExits, SinkHangs, SinkCannotClose, SinkHangsInClose),
    *(DirectoryIsLost, FilesMustStaySmall, DiskIsFull, PermissionIsLost),
)
