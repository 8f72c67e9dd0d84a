"""What the page of one run shows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from devserver.web.asking.again import again, leaves_to_chance
from devserver.web.asking.runner import Job
from devserver.web.concerns import will_concern
from devserver.web.live.board import board_of
from devserver.web.live.telling import last_id
from devserver.web.rooms.stopped import what_was_stopped
from devserver.web.runs.first_and_last import first_and_last
from devserver.web.runs.leaving import Leaving, leaving
from devserver.web.runs.lookup import RunLost, Runs
from devserver.web.visitors.guard import audiences_of
from devserver.web.visitors.pupils import Asker
from devserver.web.words import title_of, words_of
from exporters import FORMATS
from exporters.errors import StorageError
from exporters.formats import Format
from exporters.formats.documents import options_of
from exporters.privacy.profiles import Profile
from exporters.remarks.annotated import annotation_in
from exporters.story.concerns import is_concern
from exporters.story.drifting import drift_of
from exporters.story.parts import Parameter
from exporters.story.readable import seconds
from exporters.story.remarks import remarks_in_words
from exporters.story.words import words_of as words_of_documents
from otel_tracking.audience import Audience, Content
from otel_tracking.record import ExecutionRecord
from otel_tracking.view import view_of

_FORMAT_NAMES = {
    **{"html": "HTML", "pdf": "PDF", "pdfa": "PDF/A", "docx": "Word", "json": "JSON", "xml": "XML", "csv": "CSV"},
    "legacy_xml": "XML (2025)",
    **{"poster": "Poster", "poster_picture": "Poster (PNG)"},
    **{"markdown": "Markdown", "jsonl": "JSON (one line)"},
}
FIRST_FORMATS = ("poster", "poster_picture", "pdf", "html", "docx")


def run_page_values(
    found: Job | str, runs: Runs, language: str, audience: Audience, asker: Asker, profile: str = "", address: str = ""
) -> dict[str, Any]:
    """Everything that `run.html` needs. `profile` is the one that downloads are wanted under.

    `address` is that of the page, where telephones can reach it.
    """
    if isinstance(found, Job):
        so_far = runs.so_far(found)
        record, board, seen = None, board_of(so_far.record(), language=language, audience=audience), so_far.seen
    else:
        record, seen = runs.record(found), 0
        board = board_of(record, language=language, audience=audience)
    audiences = audiences_of(asker.role)
    is_over, is_mine = record is not None, runs.seeing.owns(found, asker)
    # Who takes home what is theirs takes nothing out of a study.
    way_out = leaving(record, runs.data_dir, profile) if record and asker.is_researcher else Leaving()
    options = {"language": language, "audience": _of_documents(audience).value}
    if record:
        options |= {"title": title_of(str(record.config_name or ""), language), "address": address}
    exports = _exports(audience, options, way_out) if is_over else []
    return {
        "board": board,
        "is_over": is_over,
        "ends": first_and_last(board.boxes) if is_over else None,
        "tone": tone_of(board.head.status),
        "last_event": last_id(record) if record else str(seen or ""),
        "now_ms": time.time_ns() // 1_000_000,
        "audience": audience.value,
        "audiences": [one.value for one in audiences],
        "can_change_audience": len(audiences) > 1,
        "may_erase": asker.is_admin,
        "is_mine": runs.seeing.may_end(found, asker),
        "is_concern": _is_concern(found, record) and (is_mine or len(audiences) > 1),
        "repeats": _repeated(record, runs, asker) if record else "",
        "record": record,
        "remarks": _remarks(record, runs, language, audience) if record else (),
        "stopped": _stopped(record, audience, language) if record else (),
        "duration": seconds(record.total_execution_time) if record else "",
        "repeat": _repeat(found, record, runs) if record and runs.seeing.may_repeat(found, asker) else {},
        "exports": exports,
        "lacking": _lacking(exports),
        "way_out": way_out,
        "drift": drift_of(record, words_of_documents(language)) if record and audience is Audience.RESEARCHER else (),
        "document_words": words_of_documents(language),
        "word_list": {name: words_of(language)[name] for name in ("whole", "open picture", "missing", "seconds")},
    }


def _of_documents(audience: Audience) -> Audience:
    """For whom a document is that is taken from a view: teachers take home what students do."""
    return Audience.RESEARCHER if audience is Audience.RESEARCHER else Audience.STUDENT


def _is_concern(found: Job | str, record: ExecutionRecord | None) -> bool:
    return is_concern(record) if record else isinstance(found, Job) and will_concern(found.request)


def _stopped(record: ExecutionRecord, audience: Audience, language: str) -> tuple[str, ...]:
    """What was stopped and why, for whom that is."""
    if not view_of(record, audience.value).is_for(Content.TERMS):
        return ()
    return what_was_stopped(record, words_of(language), with_terms=True)


def _remarks(record: ExecutionRecord, runs: Runs, language: str, audience: Audience) -> tuple[Parameter, ...]:
    """What researchers said of a run since, for whom that is."""
    if not view_of(record, audience.value).is_for(Content.REMARK):
        return ()
    book = runs.remarks()
    return remarks_in_words(annotation_in(book, book.of(record)), words_of_documents(language))


def tone_of(status: str) -> str:
    """How a status is coloured: `good`, `stop`, `bad`, `work` or `plain`."""
    tones = {"completed": "good", "partial": "stop", "blocked": "stop", "error": "bad"}
    return tones.get(status, "work" if status in ("running", "waiting") else "plain")


def _repeat(found: Job | str, record: ExecutionRecord, runs: Runs) -> dict[str, Any]:
    """How the run can be made again: `{"same": …, "new": …}`, empty where it cannot."""
    wanted = again(record, lambda sha256: runs.media(found, sha256), runs.configs)
    if wanted is None:
        return {}
    is_chance = leaves_to_chance(runs.configs.named(wanted.request.config_name))
    return {"seed": wanted.seed, "is_same": wanted.seed is not None and is_chance, "is_new": is_chance}


def _repeated(record: ExecutionRecord, runs: Runs, asker: Asker) -> str:
    """The run that this one repeats; empty where there is none that may be seen. Whoever asks may write anything."""
    name = record.repeats
    if not isinstance(name, str) or not name:
        return ""
    if asker.is_researcher:
        return name
    try:
        return name if runs.find(name, asker) == name else ""
    except (StorageError, RunLost):
        return ""


class _Export(NamedTuple):
    """A format, its name for people, what its address asks for, and why it cannot be had here."""

    name: str
    label: str
    query: str
    why_not: str


def _exports(audience: Audience, options: Mapping[str, str], way_out: Leaving) -> list[_Export]:
    names = [*FIRST_FORMATS, *(name for name in FORMATS if name not in FIRST_FORMATS)]
    # What is for archives and programs is nothing to take home.
    offered = names if audience is Audience.RESEARCHER else FIRST_FORMATS
    forms = [(name, FORMATS[name]) for name in offered]
    return [
        _Export(name, _FORMAT_NAMES.get(name, name), _query(form, options, way_out.chosen), form.missing())
        for name, form in forms
    ]


def _query(form: Format, options: Mapping[str, str], profile: str) -> str:
    """What a link to a document asks for; the profile is said where it is not the usual one."""
    wanted = {name: value for name, value in options_of(form, options).items() if value}
    if profile != Profile.FULL:
        wanted["profile"] = profile
    return f"?{urlencode(wanted)}" if wanted else ""


def _lacking(exports: list[_Export]) -> dict[str, list[str]]:
    """The labels of the formats that cannot be had here, by the extra that would bring them."""
    labels: dict[str, list[str]] = {}
    for export in exports:
        if export.why_not and (extra := FORMATS[export.name].extra):
            labels.setdefault(extra.name, []).append(export.label)
    return labels
