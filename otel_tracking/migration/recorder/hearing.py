"""Hear what an earlier recorder is told to save: it works on as it did, and its run is recorded as one trace too.

Nothing is asked of the network or a disk here: files and downloads stay the earlier recorder's, where it made them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from otel_tracking.migration.recorder.guard import guarded
from otel_tracking.migration.recorder.runs import RunHead, ServerRun, ServerRuns
from otel_tracking.migration.recorder.telling import Telling
from otel_tracking.values.plain import text

RECORDED_AS = "recorded_as"
"""Name under which a recorder's metadata say which executions its run was: an import then knows it."""


class Heard:
    """A method of a recorder whose calls are told of, before the method itself has them."""

    def __init__(self, method: Callable[..., Any], tell: Callable[..., None]) -> None:
        self._method, self._tell = method, tell

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the method answers."""
        self._tell(*args, **kwargs)
        return self._method(*args, **kwargs)


def hear(recorder: Any, runs: ServerRuns, *, continues: str | None = None, begins: bool = False) -> Any:
    """The same recorder, whose calls are recorded from now on; one that is heard already stays as it is.

    `begins` where its run begins now, if nothing was saved yet; else it does when something is.
    """
    if recorder is not None and not isinstance(getattr(recorder, "save_entity", None), Heard):
        guarded(runs, "hearing", _hear, _Hearing(recorder, runs, continues), begins)
    return recorder


class _Hearing(NamedTuple):
    """A recorder, and the runs among which its own is."""

    recorder: Any
    runs: ServerRuns
    continues: str | None

    @property
    def run(self) -> ServerRun:
        run_id = text(self.recorder.run_id)
        return self.runs.find(run_id) or self.runs.take(run_id, head_of(self.recorder), continues=self.continues)

    @property
    def models(self) -> Mapping[str, Any]:
        metadata = getattr(self.recorder, "metadata", None)
        return _mapping(metadata.get("models_used")) if isinstance(metadata, Mapping) else {}

    def tell(self, what: Callable[[Telling], None]) -> None:
        run = self.run
        run.tell(what)
        if run.telling is not None:
            mark(getattr(self.recorder, "metadata", None), run.telling)


def _hear(hearing: _Hearing, begins: bool) -> None:
    told: dict[str, Callable[..., None]] = {
        "save_entity": _save_entity,
        "save_to_prompting_process": _save_to_prompting_process,
        "set_state": _set_state,
        "save_prompt_id": _save_prompt_id,
        "mark_complete": _mark_complete,
    }
    for name, tell in told.items():
        method = getattr(hearing.recorder, name, None)
        if callable(method):
            # On the object, not its class: what the recorder's own methods save, such as a download, is heard as well.
            setattr(hearing.recorder, name, Heard(method, partial(guarded, hearing.runs, name, tell, hearing)))
    if begins and _is_fresh(hearing.recorder):
        hearing.run.begin()


def head_of(recorder: Any) -> RunHead:
    """What a recorder says of its run."""
    found = {name: getattr(recorder, name, None) for name in RunHead._fields}
    return RunHead(**{name: value for name, value in found.items() if value is not None})


def mark(metadata: Any, telling: Telling) -> None:
    """Say in a recorder's metadata which execution its run is."""
    if isinstance(metadata, dict):
        known = metadata.setdefault(RECORDED_AS, [])
        if isinstance(known, list) and telling.run.execution_id not in known:
            known.append(telling.run.execution_id)


def _save_entity(hearing: _Hearing, entity_type: Any, content: Any, metadata: Any = None) -> None:
    name, said, models = text(entity_type), _mapping(metadata), hearing.models
    hearing.tell(lambda telling: telling.entity(name, content, said, models))


def _save_to_prompting_process(hearing: _Hearing, entity_type: Any, content: Any, metadata: Any = None) -> None:
    name, said, models = text(entity_type), _mapping(metadata), hearing.models
    hearing.tell(lambda telling: telling.edit(name, content, said, models))


def _set_state(hearing: _Hearing, stage: Any, step: Any = None) -> None:
    if stage in (5, "complete") or step == "complete":
        return hearing.run.end()
    hearing.tell(lambda telling: telling.state(stage))


def _save_prompt_id(hearing: _Hearing, prompt_id: Any, media_type: Any = "image") -> None:
    hearing.tell(lambda telling: telling.prompt_id(prompt_id, media_type))


def _mark_complete(hearing: _Hearing) -> None:
    hearing.run.end()


def _is_fresh(recorder: Any) -> bool:
    """Whether nothing was saved yet: its run begins now."""
    metadata = getattr(recorder, "metadata", None)
    return not (isinstance(metadata, Mapping) and (metadata.get("entities") or metadata.get("prompting_process")))


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {} if value is None else {"metadata": value}
