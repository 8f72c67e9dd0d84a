"""Carry out erasures beside the server's work, one after another, and say how each is getting on.

Its name is the erasure's id, so that whoever asks again after a restart is told from the report that was kept.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from devserver.erasing import places_of
from devserver.settings import Settings
from exporters.erasure import Reason, erase, kept_report, new_erasure, pending
from exporters.errors import StorageError
from otel_tracking.erasure import IsMeant, Place

_log = logging.getLogger(__name__)
_NAME = re.compile(r"[0-9a-f]{16}")

REMEMBERED = 100
"""Erasures that are over and told from memory: there with the paths of what somebody has to look after."""

DECIDE_SECONDS = 3.0
"""How long an answer waits for its erasure to be decided, which takes milliseconds where nobody else is at work."""


class Progressing(StrEnum):
    """How far an erasure is: while it waits nothing is decided, while it is running nothing takes it back."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureState:
    """How an erasure is getting on: `done` steps `of` so many, what was erased when it is over, or what hindered it."""

    name: str
    state: Progressing = Progressing.WAITING
    done: int = 0
    of: int = 0
    report: Mapping[str, Any] | None = None
    trouble: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.state in (Progressing.DONE, Progressing.FAILED)


class Erasures:
    """The erasures of a server's data directory. May be shared by threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="devserver erasing")
        self._states: OrderedDict[str, ErasureState] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, is_meant: IsMeant, reason: Reason) -> ErasureState:
        """Begin an erasure, or have it wait for the one before; when this returns it is decided, where it can be."""
        state, is_decided = ErasureState(name=new_erasure()), threading.Event()
        self._keep(state)
        self._worker.submit(self._carry_out, state.name, is_meant, reason, is_decided)
        is_decided.wait(DECIDE_SECONDS)
        return self._states[state.name]

    def find(self, name: str) -> ErasureState | None:
        """How an erasure is getting on, also one from before the server was started; None for one nobody knows."""
        with self._lock:
            known = self._states.get(name)
        # One that failed here may have been finished by somebody else.
        if known and known.state is not Progressing.FAILED:
            return known
        return (self._kept(name) if _NAME.fullmatch(name) else None) or known

    def places(self) -> list[Place]:
        """Where something of a run may lie beside the tables."""
        return places_of(self._settings)

    def close(self) -> None:
        """Carry out what was begun, and take no more."""
        self._worker.shutdown()

    def _kept(self, name: str) -> ErasureState | None:
        data_dir = self._settings.data_dir
        if report := kept_report(data_dir, name):
            return ErasureState(name=name, state=Progressing.DONE, report=report)
        intent = pending(data_dir)
        is_going_on = intent is not None and intent.erasure == name
        return ErasureState(name=name, state=Progressing.RUNNING) if is_going_on else None

    def _carry_out(self, name: str, is_meant: IsMeant, reason: Reason, is_decided: threading.Event) -> None:
        try:
            report = erase(
                self._settings.data_dir,
                is_meant,
                places=self.places(),
                reason=reason,
                erasure=name,
                step=lambda step: self._decided(name, is_decided) if step == "decided" else None,
                progress=lambda what, done, of: self._tell(name, what, done, of),
            )
            self._change(name, state=Progressing.DONE, report=report.to_dict())
        except Exception as error:
            self._change(name, state=Progressing.FAILED, trouble=_sentence(error))
        finally:
            is_decided.set()

    def _decided(self, name: str, is_decided: threading.Event) -> None:
        intent = pending(self._settings.data_dir)
        # One that was interrupted may be finished first.
        if intent and intent.erasure == name:
            self._change(name, state=Progressing.RUNNING)
            is_decided.set()

    def _tell(self, name: str, what: str, done: int, of: int) -> None:
        # Days of tables are told on the way, as parts of one step.
        if of and what != "tables":
            self._change(name, done=done, of=of)

    def _keep(self, state: ErasureState) -> None:
        with self._lock:
            self._states[state.name] = state
            over = [one.name for one in self._states.values() if one.is_over]
            for name in over[: max(0, len(self._states) - REMEMBERED)]:
                del self._states[name]

    def _change(self, name: str, **changes: Any) -> None:
        with self._lock:
            self._states[name] = replace(self._states[name], **changes)


def _sentence(error: Exception) -> str:
    """What hindered an erasure, for who may erase; an error that nobody foresaw may hold what a child wrote."""
    _log.error("an erasure was not carried out: %s", type(error).__name__)
    return str(error) if isinstance(error, StorageError | OSError) else type(error).__name__
