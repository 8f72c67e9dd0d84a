"""Hear what an earlier recorder is told to save: it works on as it did, and its run is recorded as one trace too.

Nothing is asked of the network or a disk here: files and downloads stay the earlier recorder's, where it made them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from otel_tracking.migration.recorder.guard import guarded
from otel_tracking.migration.recorder.runs import RunHead, ServerRun, ServerRuns
from otel_tracking.migration.recorder.telling import Telling

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


def hear(recorder: Any, runs: ServerRuns, *, continues: str | None = None) -> Any:
    """The same recorder, whose calls are recorded from now on; one that is heard already stays as it is."""
    if recorder is not None and not isinstance(getattr(recorder, "save_entity", None), Heard):
        guarded(runs, "hearing", _hear, recorder, runs, continues)
    return recorder


def _hear(recorder: Any, runs: ServerRuns, continues: str | None) -> None:
    run = runs.take(recorder.run_id, head_of(recorder), continues=continues)
    told: dict[str, Callable[..., None]] = {
        "save_entity": _save_entity,
        "save_to_prompting_process": _save_to_prompting_process,
        "set_state": _set_state,
        "save_prompt_id": _save_prompt_id,
        "mark_complete": _mark_complete,
    }
    for name, tell in told.items():
        method = getattr(recorder, name, None)
        if callable(method):
            # On the object, not its class: what the recorder's own methods save, such as a download, is heard as well.
            setattr(recorder, name, Heard(method, partial(guarded, runs, name, tell, recorder, run)))
    if not run.telling and _is_fresh(recorder):
        run.begin()


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


def _save_entity(recorder: Any, run: ServerRun, entity_type: Any, content: Any, metadata: Any = None) -> None:
    _tell(recorder, run, lambda telling: telling.entity(entity_type, content, _mapping(metadata), _models(recorder)))


def _save_to_prompting_process(
    recorder: Any, run: ServerRun, entity_type: Any, content: Any, metadata: Any = None
) -> None:
    _tell(recorder, run, lambda telling: telling.edit(entity_type, content, _mapping(metadata), _models(recorder)))


def _set_state(recorder: Any, run: ServerRun, stage: Any, step: Any = None) -> None:
    if run.is_open or not _is_end(stage, step):
        _tell(recorder, run, lambda telling: telling.state(stage, step))


def _save_prompt_id(recorder: Any, run: ServerRun, prompt_id: Any, media_type: Any = "image") -> None:
    _tell(recorder, run, lambda telling: telling.prompt_id(prompt_id, media_type))


def _mark_complete(recorder: Any, run: ServerRun) -> None:
    run.end()


def _tell(recorder: Any, run: ServerRun, what: Callable[[Telling], None]) -> None:
    run.tell(what)
    if run.telling is not None:
        mark(getattr(recorder, "metadata", None), run.telling)


def _is_fresh(recorder: Any) -> bool:
    """Whether nothing was saved yet: its run begins now."""
    metadata = getattr(recorder, "metadata", None)
    return not (isinstance(metadata, Mapping) and (metadata.get("entities") or metadata.get("prompting_process")))


def _is_end(stage: Any, step: Any) -> bool:
    return stage in (5, "complete") or step == "complete"


def _models(recorder: Any) -> Mapping[str, Any]:
    metadata = getattr(recorder, "metadata", None)
    return _mapping(metadata.get("models_used")) if isinstance(metadata, Mapping) else {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {} if value is None else {"metadata": value}
