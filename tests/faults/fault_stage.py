"""The stage of the fault matrix: one small pipeline, the moments at which something can strike, and what is checked.

With `OTEL_TRACKING_TEST_ASSEMBLY=process` records are made in a process of the sink's own.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from folder_sink import FolderSink

from collectors import Recording, recover, start_recording
from collectors.recording.open_runs import OpenRun
from collectors.testing import RememberingSink
from otel_tracking import ExecutionRecord, ItemType

PATIENCE = 60
"""Seconds after which a test gives up waiting; nothing should ever take so long."""

ASSEMBLY = os.environ.get("OTEL_TRACKING_TEST_ASSEMBLY", "thread")

TEXT = "Eine Blume auf der Wiese"

IN_SCOPES = ("at run start", "in a stage", "in a hop", "in a backend call", "in an item", "at run end")
MOMENTS = ("before the run", *IN_SCOPES, "after the run", "during flush", "during close")


@dataclass
class Verdict:
    """What came of one case; `judge` has the same demands on all of them."""

    told: Any
    record: ExecutionRecord
    logged: list[Any]
    status: str
    dropped: int = 0
    """Items that were stopped while they were being logged: the record says that there was one."""


class Fault:
    """Something that goes wrong at a moment. Each case makes its own."""

    name = ""
    moments: tuple[str, ...] = MOMENTS
    told: Any = ("returned", TEXT)
    """What the pipeline returns, or the exception it ends with."""

    status = "completed"

    def start(self, scene: Scene) -> Recording:
        """The recording of this case."""
        return start_recording([scene.sink], **scene.options)

    def strike(self, scene: Scene, scope: Any) -> None:
        """Go wrong; `scope` is the one the pipeline is in."""

    def lift(self, scene: Scene) -> None:
        """Go right again."""

    def record(self, scene: Scene) -> ExecutionRecord:
        """The record of the run, as the sink has it in the end."""
        return scene.sink.latest()[scene.trace_id]

    def play(self, scene: Scene) -> Verdict:
        """Run the pipeline with this fault at its moment."""
        others = set(threading.enumerate())
        scene.recording = recording = self.start(scene)
        scene.at("before the run")
        told = outcome_of(lambda: pipeline(scene, recording.tracker()))
        scene.at("after the run", scene.run)
        if scene.at("during flush"):
            recording.flush(0.01)
        if scene.at("during close"):
            recording.close(0.2)
        self.lift(scene)
        if scene.moment != "during close":
            assert recording.flush(PATIENCE), recording.health()
        # Where the recording was closed already, what the sink had not taken is recovered, as at the next start.
        recording.close(PATIENCE)
        join_threads(others)
        recover([scene.sink], directory=scene.ram, spill=scene.files)
        return Verdict(told, self.record(scene), scene.logged, self.status)


@dataclass
class Scene:
    """Where one case plays."""

    fault: Fault
    moment: str
    directory: Path
    ram: Path
    sink: Any = None
    recording: Any = None
    run: Any = None
    trace_id: str = ""
    logged: list[Any] = field(default_factory=list)
    struck: int = 0
    sinks: int = 0

    def __post_init__(self) -> None:
        self.sink = self.sink or self.new_sink()

    def new_sink(self) -> Any:
        """An empty sink that keeps records, in files where another process is to write to it."""
        self.sinks += 1
        return RememberingSink() if ASSEMBLY == "thread" else FolderSink(self.directory / f"sink{self.sinks}")

    @property
    def files(self) -> Path:
        """Where records wait that no sink took."""
        return self.directory / "files"

    @property
    def options(self) -> dict[str, Any]:
        """Options of a recording that waits for nothing long."""
        return {
            "journal": self.ram,
            "spill": self.files,
            "recover_dead_runs": False,
            "retry_seconds": 0.001,
            "assembly": ASSEMBLY,
        }

    def at(self, moment: str, scope: Any = None) -> bool:
        """The fault's chance: it strikes once, at its moment."""
        if moment != self.moment or self.struck:
            return False
        self.struck += 1
        self.fault.strike(self, scope)
        return True

    def item(self, scope: Any, item_type: str, content: Any, **fields: Any) -> None:
        """Log an item, and remember it once that call has returned."""
        scope.item(item_type, content=content, **fields)
        self.logged.append(content)


class Striking:
    """A value that is touched while an item is frozen; that is the moment."""

    def __init__(self, scene: Scene, scope: Any) -> None:
        self._scene, self._scope = scene, scope

    def __repr__(self) -> str:
        self._scene.at("in an item", self._scope)
        return "a striking value"


def pipeline(scene: Scene, tracker: Any) -> str:
    """Turn a text around twice; what it returns and raises is its own."""
    text = TEXT
    with tracker.execution("stillepost", safety_level="kids") as run:
        scene.run, scene.trace_id = run, run.trace_id
        scene.at("at run start", run)
        with run.stage(1) as stage:
            scene.at("in a stage", stage)
            scene.item(stage, ItemType.USER_INPUT_TEXT, text)
        with run.stage(2) as stage:
            for number in (1, 2):
                with stage.iteration(number) as hop:
                    scene.at("in a hop", hop)
                    with hop.backend_call("ollama", model="mistral-nemo", configured={"seed": number}) as call:
                        scene.at("in a backend call", call)
                        call.passed({"seed": number, "prompt": text})
                        text = text[::-1]
                        call.response({"text": text})
                    metadata = {"number": number, "value": Striking(scene, hop)}
                    scene.item(hop, ItemType.INTERCEPTION_ITERATION, f"hop {number}: {text}", metadata=metadata)
            scene.item(stage, ItemType.INTERCEPTION_FINAL, text)
        with run.output(1, config_used="sd35_large") as output, output.stage(4) as stage:
            scene.item(stage, ItemType.OUTPUT_IMAGE, "a picture", media=b"png" * 100)
        scene.at("at run end", run)
    return text


def outcome_of(work: Any) -> tuple[str, Any]:
    """What `work` returns or raises."""
    try:
        return "returned", work()
    except BaseException as error:
        return "raised", type(error)


def judge(fault: Fault, verdict: Verdict) -> None:
    """The demands on every case."""
    record = verdict.record
    contents = [item.content for item in record.items]
    assert verdict.told == fault.told
    assert [content for content in verdict.logged if content not in contents] == []
    numbers = [item.sequence_number for item in record.items]
    assert numbers == sorted(set(numbers))
    assert max(numbers) == len(numbers) + verdict.dropped
    assert (record.dropped, record.status) == (verdict.dropped, verdict.status)


@dataclass(frozen=True)
class Surroundings:
    """What there is in this process that a recording might leave behind. Sets: what others have may go meanwhile."""

    threads: frozenset[threading.Thread]
    descriptors: frozenset[tuple[str, str]]
    """Numbers, and what is behind them."""

    journal_maps: frozenset[str]

    @classmethod
    def now(cls) -> Surroundings:
        """As they are."""
        gc.collect()
        maps = Path("/proc/self/maps").read_text().splitlines()
        journal_maps = frozenset(line.split(maxsplit=5)[-1] for line in maps if ".journal" in line)
        return cls(frozenset(threading.enumerate()), frozenset(_descriptors()), journal_maps)

    def leftovers(self) -> list[Any]:
        """What is there now and was not there then."""
        now = Surroundings.now()
        threads = [thread.name for thread in now.threads - self.threads]
        runs = [found for found in gc.get_objects() if type(found) is OpenRun]
        return [*threads, *(now.descriptors - self.descriptors), *(now.journal_maps - self.journal_maps), *runs]


def _descriptors() -> Iterator[tuple[str, str]]:
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the list itself is gone, and others may go any time
            yield descriptor.name, str(descriptor.readlink())


def join_threads(others: set[threading.Thread]) -> None:
    """Wait for the threads of recordings that were closed while a sink hung in them; not for `others`."""
    for thread in set(threading.enumerate()) - others:
        if thread.name.startswith(("otel", "OtelBatch")):
            thread.join(PATIENCE)


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` returns in a forked child, which must survive it; nothing of this process is used meanwhile."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(work(), pipe)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return pickle.loads(told)
