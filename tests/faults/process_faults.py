"""Faults of the process: it is killed, it exits, it forks, and it is not alone."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from pathlib import Path
from typing import Any

from children import start_python
from fault_stage import IN_SCOPES, MOMENTS, PATIENCE, Fault, Scene, Verdict, outcome_of, pipeline
from surrounding_faults import HOSTILE

from collectors import recover, start_recording
from exporters import ParquetSink, read_records
from otel_tracking import ExecutionRecord


class Killed(Fault):
    """A forked child runs the pipeline and dies at the moment; what its calls had returned for is recovered here."""

    name = "kill -9"
    moments = IN_SCOPES
    told = ("died", -signal.SIGKILL)
    status = "interrupted"

    def strike(self, scene: Scene, scope: Any) -> None:
        os.write(self.writer, pickle.dumps((scene.trace_id, scene.logged)))
        os.kill(os.getpid(), signal.SIGKILL)

    def play(self, scene: Scene) -> Verdict:
        reader, self.writer = os.pipe()
        child = os.fork()
        if child == 0:
            with start_recording([scene.sink], **scene.options) as recording:
                pipeline(scene, recording.tracker())
            os._exit(1)
        os.close(self.writer)
        with os.fdopen(reader, "rb") as pipe:
            scene.trace_id, scene.logged = pickle.loads(pipe.read())
        died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        scene.struck = 1
        recover([scene.sink], directory=scene.ram, spill=scene.files)
        return Verdict(("died", died), self.record(scene), scene.logged, self.status)


class ExitsWithoutGoodbye(Killed):
    name = "os._exit"
    told = ("died", 3)

    def strike(self, scene: Scene, scope: Any) -> None:
        os.write(self.writer, pickle.dumps((scene.trace_id, scene.logged)))
        os._exit(3)


EXITING = """
import os, sys
sys.path.insert(0, os.environ["HERE"])
from pathlib import Path
from fault_stage import Fault, Scene, pipeline
from collectors import start_recording
from exporters import ParquetSink

directory, ram, moment, how = sys.argv[1:]

class Leaves(Fault):
    def strike(self, scene, scope):
        print("\\n".join(map(str, scene.logged)))
        print(scene.trace_id)
        if how == "sys.exit":
            sys.exit(0)
        globals()["kept"] = scope
        raise EOFError

scene = Scene(Leaves(), moment, Path(directory), Path(ram), ParquetSink(Path(directory) / "data"))
recording = start_recording([scene.sink], **scene.options)
try:
    pipeline(scene, recording.tracker())
except EOFError:
    pass
"""


class InterpreterExits(Fault):
    """An interpreter ends in the middle of a run, without a word to the recording."""

    name = "the interpreter exits in a run"
    moments = ("at run start", "in a hop", "in a backend call", "at run end")
    told = ("ended", 0)
    status = "cancelled"
    how = "sys.exit"
    environment: dict[str, str] = {}  # noqa: RUF012

    def play(self, scene: Scene) -> Verdict:
        child = start_python(
            EXITING, scene.directory, scene.ram, scene.moment, self.how, HERE=str(Path(__file__).parent)
        )
        told, _ = child.communicate(timeout=PATIENCE)
        *scene.logged, scene.trace_id = told.decode().split("\n")[:-1]
        scene.struck = 1
        scene.logged = [line for line in scene.logged if line]
        return Verdict(("ended", child.returncode), self.record(scene), scene.logged, self.status)

    def record(self, scene: Scene) -> ExecutionRecord:
        [record] = read_records(scene.directory / "data")
        assert record.trace_id == scene.trace_id
        return record


class InterpreterIsHostile(InterpreterExits):
    name = "the interpreter exits in a run, and its environment switches tracing off"
    environment = HOSTILE


class Forks(Fault):
    """The child uses what it inherited, and a recording of its own; the parent's run has only the parent's items."""

    name = "os.fork"
    moments = MOMENTS

    def strike(self, scene: Scene, scope: Any) -> None:
        child = os.fork()
        if child == 0:
            os._exit(0 if in_the_child(scene, scope) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def play(self, scene: Scene) -> Verdict:
        verdict = super().play(scene)
        assert "in the child" not in [item.content for item in verdict.record.items]
        return verdict


class ForksByMultiprocessing(Forks):
    name = "multiprocessing by fork"

    def strike(self, scene: Scene, scope: Any) -> None:
        work = multiprocessing.get_context("fork").Process(target=in_the_child_or_raise, args=(scene, scope))
        work.start()
        work.join(PATIENCE)
        assert work.exitcode == 0
        work.close()


def in_the_child(scene: Scene, scope: Any) -> bool:
    """Use everything there is in a forked child; whether that went as it should."""
    if scope is not None:
        scope.item("user_input_text", content="in the child")
        with scope.backend_call("ollama") as call:
            call.passed({})
        scope.end()
    with scene.recording.tracker().execution("inherited") as run, run.stage(1) as stage:
        stage.item("user_input_text", content="in the child")
    scene.recording.flush(PATIENCE)
    counted = scene.recording.health()["guarded_errors"].get("after fork", 0)
    scene.recording.close()

    own = scene.new_sink()
    with start_recording([own], **scene.options) as recording, recording.tracker().execution("own"):
        pass
    return counted > 0 and [record.config_name for record in own.records] == ["own"]


def in_the_child_or_raise(scene: Scene, scope: Any) -> None:
    assert in_the_child(scene, scope)


class TwoProcesses(Fault):
    """Two processes write to one data directory at once."""

    name = "another process writes to the same directory"
    moments = ("before the run",)

    def play(self, scene: Scene) -> Verdict:
        scene.struck = 1
        data = scene.directory / "data"
        children = [os.fork() for _ in range(1)]
        if children[0] == 0:
            self.write(data, "theirs")
            os._exit(0)
        self.write(data, "ours")
        assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 0
        names = [record.config_name for record in read_records(data)]
        assert sorted(names) == ["ours"] * 10 + ["theirs"] * 10

        scene.sink = ParquetSink(data)
        with start_recording([scene.sink], **scene.options) as recording:
            told = outcome_of(lambda: pipeline(scene, recording.tracker()))
        [record] = [record for record in read_records(data) if record.trace_id == scene.trace_id]
        return Verdict(told, record, scene.logged, self.status)

    def write(self, data: Any, name: str) -> None:
        with start_recording([ParquetSink(data)], journal=False) as recording:
            for _ in range(10):
                with recording.tracker().execution(name):
                    pass
                assert recording.flush(PATIENCE)


FAULTS = (
    Killed,
    ExitsWithoutGoodbye,
    InterpreterExits,
    InterpreterIsHostile,
    Forks,
    ForksByMultiprocessing,
    TwoProcesses,
)
