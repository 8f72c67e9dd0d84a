"""Keep what somebody says of runs, and say what was kept: what `mark`, `annotate`, `list` and `show` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from devserver.audit import Act, Audit, this_user
from devserver.cli.options import refuse
from exporters import ExecutionRow
from exporters.remarks.annotated import annotation_in
from exporters.remarks.book import RemarkBook
from exporters.remarks.remarks import RemarkChange, Remarks, speaking
from exporters.remarks.store import RemarkStore
from exporters.remarks.variables import written
from exporters.story.parts import Parameter
from exporters.story.remarks import remarks_in_words
from exporters.story.words import words_of
from otel_tracking.erasure import RunId


def keep(data_dir: Path, changes: Mapping[RunId, RemarkChange], by: str | None) -> RemarkBook:
    """Keep what is said of runs, noted in the audit log by whom; what is known now."""
    actor = this_user()
    speaker = speaking(by or actor.role)
    try:
        book = RemarkStore(data_dir).change(lambda before: before.with_changes(changes, speaker))
    except ValueError as wrong:
        raise refuse(f"{wrong}.") from None
    [run, *others] = changes or [None]
    named = {"execution_id": run.execution_id} if run and not others else {"executions": len(changes)}
    Audit(data_dir).note(Act.REMARK, actor, **named)
    return book


def ids_of(rows: Iterable[ExecutionRow]) -> list[RunId]:
    """The ids of runs."""
    return [RunId(row.execution_id, row.trace_id) for row in rows]


def remarks_as_dict(run: RunId | ExecutionRow, said: Remarks) -> dict[str, Any]:
    """What was said of a run, for programs; who said it and when, too."""
    return {
        "execution_id": run.execution_id,
        "trace_id": run.trace_id,
        "marks": {mark.value: _by(remark) for mark, remark in said.marks.items()},
        "note": said.note and {"text": said.note.what, **_by(said.note)},
        "values": {name: {"value": _plain(remark.what), **_by(remark)} for name, remark in said.values.items()},
    }


def remarks_as_lines(book: RemarkBook, said: Remarks) -> tuple[Parameter, ...]:
    """The same for people."""
    return remarks_in_words(annotation_in(book, said), words_of("en"))


def _by(remark: Any) -> dict[str, str]:
    return {"by": remark.by, "at": remark.at}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else written(value)
