"""The routes of the API: what each takes, and what it answers."""

from __future__ import annotations

from typing import Any

from devserver.web.openapi.parts import (
    ANYTHING,
    JSON,
    MAP,
    TEXT,
    WHOLE,
    Part,
    answer,
    answers,
    header,
    in_path,
    list_of,
    one_of,
    query,
    record_of,
    ref,
)
from devserver.web.runs.listing import ORDERS
from devserver.web.visitors.pupils import SECRET_HEADER
from exporters import FORMATS
from exporters.collections import COLLECTIONS
from exporters.explorer.wish import MARKED_AS, SORTED_BY
from exporters.privacy.profiles import Profile
from otel_tracking.audience import AUDIENCES_OF_DOCUMENTS

_RUN = in_path(
    "name", "execution id, its last 8 characters or its beginning, trace id, or ticket", "exec_20261123_110351_eea8c4dc"
)
_FILE = in_path("file", "sha256 or name of a medium", "a" * 64)
_SECRET = header(SECRET_HEADER, "the `ticket_secret` of a run that was started without cookies")
_AUDIENCE = query(
    "audience", "for whom; teachers and researchers may choose their own", one_of(["student", "teacher", "researcher"])
)

_EVENT = record_of({"event": TEXT, "data": {"type": "string", "contentMediaType": JSON}}, {"id": TEXT})

_NOT_THERE, _ERASED = "there is no such run, or none that may be seen", "it was erased, or lost with an earlier server"
_THEIRS = "it is somebody else's"


def paths() -> dict[str, Part]:
    """All routes by address."""
    return {
        "/api/schema/pipeline/execute": {"post": _execute()},
        "/api/runs": {"get": _list()},
        "/api/runs/stats": {"get": _get("How much is stored", answers({"200": answer("figures", ref("Stats"))}))},
        "/api/runs/{name}": {"get": _one()},
        "/api/runs/{name}/live": {"get": _live()},
        "/api/runs/{name}/export/{format}": {"get": _export()},
        "/api/runs/{name}/media/{file}": {"get": _medium("A file of a run", _AUDIENCE)},
        "/api/runs/{name}/thumbnails/{file}": {"get": _medium("A small JPEG of a picture")},
        "/api/runs/{name}/cancel": {"post": _cancel()},
        "/api/runs/{name}/erase": {"post": _erase()},
        "/api/erasures/{erasure}": {"get": _erasure()},
        "/api/rooms/{room}/live": {"get": _room()},
        "/api/bundles": {"post": _bundle()},
        "/api/bundles/{bundle}": {"get": _bundle_told()},
        "/api/health": {"get": _get("How many runs there are", answers({"200": answer("figures", ref("Health"))}))},
        "/api/openapi.json": {"get": _get("This document", answers({"200": answer("OpenAPI 3.1", MAP)}))},
    }


def _get(summary: str, responses: Part, *parameters: Part) -> Part:
    return {"summary": summary, "parameters": list(parameters), "responses": responses}


def _post(summary: str, body: Part, responses: Part, *parameters: Part, is_needed: bool = True) -> Part:
    content = {"required": is_needed, "content": {JSON: {"schema": body}}}
    return {**_get(summary, responses, *parameters), "requestBody": content}


def _execute() -> Part:
    good = {"200": answer("stage 2 came to its end", ref("Done")), "202": answer("nobody waits", ref("Accepted"))}
    return _post(
        "Run a pipeline",
        ref("Wish"),
        answers(
            good,
            _400="it cannot be run as it stands",
            _403="a safety check said no, or the level is not for pupils",
            _404="there is no such configuration",
            _409="it was broken off",
            _413="more was sent than is taken",
            _429="too many runs of this pupil wait",
            _500="the pipeline failed",
            _503="too many runs wait",
        ),
        query("wait", "`0`: answer at once", one_of(["0", "1"])),
    )


def _list() -> Part:
    texts = ("config", "status", "user_id", "session_id", "study_id", "level", "q")
    return _get(
        "Runs, those under way first",
        answers(
            {"200": answer("a page of the list", ref("List"))},
            _400="a filter that cannot be read",
            _403="a filter that is not for pupils",
        ),
        *(query(name, "only these", TEXT) for name in texts),
        query("date", "of this day", {"type": "string", "format": "date"}),
        query("since", "from this moment on", TEXT),
        query("until", "before this moment", TEXT),
        query("marked", "only those that are marked so; researchers alone may ask", one_of(MARKED_AS)),
        query("sort", "by what", one_of(SORTED_BY)),
        query("order", "falling or rising", one_of(ORDERS)),
        query("page", "which page, from 1; in place of `offset`", WHOLE),
        query("limit", "how many, 1 to 100", WHOLE),
        query("offset", "after so many", WHOLE),
    )


def _one() -> Part:
    either = {"anyOf": [ref("Record"), ref("UnderWay")]}
    return _get("A run's record", _of_run({"200": answer("the record, or what there is so far", either)}), _RUN)


def _live() -> Part:
    good = {
        "200": answer("Server-Sent Events until `finished`", _EVENT, "text/event-stream"),
        "204": answer("whoever asks has seen the end"),
    }
    return _get(
        "Follow a run",
        _of_run(good, _503="too many watch already"),
        _RUN,
        _AUDIENCE,
        header("Last-Event-ID", "continue after this event"),
        query("after", "the same", TEXT),
    )


def _export() -> Part:
    formats = {**in_path("format", "what it becomes", "pdf"), "schema": one_of(sorted(FORMATS))}
    return _get(
        "A run as a document",
        _of_run(
            {"200": {"description": "the document", "content": {"*/*": {"schema": ANYTHING}}}},
            _400="an option or a profile that there is not",
            _403="not for pupils",
            _409="it is under way, or may not leave",
            _429="two documents of this pupil are being made",
            _501="what makes it is not installed",
            _503="too many documents are being made",
            _504="it took too long",
            _507="it took too much memory",
        ),
        _RUN,
        formats,
        query("audience", "for whom the document is", one_of(AUDIENCES_OF_DOCUMENTS)),
        query("language", "of the document's own words", one_of(["en", "de"])),
        query("title", "above a poster", TEXT),
        query("address", "where the code on a poster leads", TEXT),
        query("profile", "how much leaves", one_of(Profile)),
    )


def _medium(summary: str, *more: Part) -> Part:
    good = {
        "200": {"description": "the file", "content": {"*/*": {"schema": ANYTHING}}},
        "206": {"description": "a part of it", "content": {"*/*": {"schema": ANYTHING}}},
        "304": answer("as it was"),
        "416": answer("no such part", TEXT, "*/*"),
    }
    return _get(summary, _of_run(good), _RUN, _FILE, *more)


def _cancel() -> Part:
    good = {"202": answer("it ends at its next step", ref("Cancelling"))}
    return _get("End a run", _of_run(good, _403=_THEIRS, _409="it has ended"), _RUN, _SECRET)


def _erase() -> Part:
    body = record_of({}, {"scope": one_of(["run", "person"]), "withdraw": {"type": "boolean"}})
    good = {"202": answer("it is decided", ref("Erasure"))}
    troubles = {"_400": "what to erase was not said", "_403": "not for this token", "_409": "it is under way"}
    return _post("Erase a run, or everything of its person", body, _of_run(good, **troubles), _RUN)


def _erasure() -> Part:
    name = in_path("erasure", "its name", "0e3a05610e3a0561")
    good = {"200": answer("how it is getting on", ref("Erasure"))}
    troubles: Any = {"_403": "not for this token", "_404": "there is none"}
    return _get("An erasure", answers(good, **troubles), name)


def _bundle() -> Part:
    body = record_of(
        {},
        {
            "runs": list_of(TEXT),
            "query": TEXT,
            "format": one_of(sorted(COLLECTIONS)),
            "profile": one_of(Profile),
            "audience": one_of(AUDIENCES_OF_DOCUMENTS),
            "with_marked": {"type": "boolean"},
        },
    )
    good = {"202": answer("it is being made", ref("Bundle"))}
    troubles = {"_400": "nothing was chosen", "_403": "not for this token", "_404": "no such run"}
    return _post("Many runs as one file", body, answers(good, **troubles, _501="not installed", _503="five are made"))


def _room() -> Part:
    name = in_path("room", "its name", "room_0e3a0561")
    good = {"200": answer("Server-Sent Events as long as somebody watches", _EVENT, "text/event-stream")}
    troubles: Any = {"_403": "not for this token", "_404": "there is none", "_503": "too many watch already"}
    return _get("Follow a room", answers(good, **troubles), name)


def _bundle_told() -> Part:
    name = in_path("bundle", "its name", "0e3a05610e3a0561")
    troubles: Any = {"_403": "not for this token", "_404": "there is none"}
    return _get("A bundle", answers({"200": answer("how it is getting on", ref("Bundle"))}, **troubles), name)


def _of_run(good: Part, **troubles: str) -> Part:
    usual = {"_404": _NOT_THERE, "_410": _ERASED, "_500": "the record is damaged"}
    return answers(good, **{**usual, **troubles})
