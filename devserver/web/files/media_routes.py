"""`/api/runs/<id>/media/…` and `/thumbnails/…`: what a run took in and made, as files."""

from __future__ import annotations

import hashlib
import io

from flask import Blueprint, Response, request, send_file

from devserver.web.asking.runner import Job
from devserver.web.files.copies import Copies
from devserver.web.refusals import refuse_with
from devserver.web.replies import trouble
from devserver.web.runs.lookup import Runs
from devserver.web.visitors import guard
from devserver.web.visitors.pupils import asker
from devserver.web.visitors.roles import ALL
from exporters.media.pictures import Copy
from exporters.storage.writing.media import media_name
from otel_tracking.audience import Audience
from otel_tracking.view import view_of

SHOWN = {
    **{f"image/{kind}": f".{kind}" for kind in ("png", "gif", "webp", "avif", "bmp")},
    "image/jpeg": ".jpg",
    **{"audio/wav": ".wav", "audio/x-wav": ".wav", "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/flac": ".flac"},
    **{"audio/mp4": ".m4a", "video/mp4": ".mp4", "video/webm": ".webm"},
}
"""What browsers show or play in place, and its file name's end; anything else is only saved."""


def media_routes(runs: Runs) -> Blueprint:
    """The routes, as a blueprint."""
    routes = Blueprint("media", __name__, url_prefix="/api/runs")
    copies = Copies()
    refuse_with(routes)

    @routes.get("/<run>/media/<name>", roles=ALL)
    def medium(run: str, name: str) -> Response:
        found = _medium(runs, run, name)
        if found is None:
            return trouble(404, f"the run has no medium called {name!r:.80}, or none that may be shown")
        # Researchers get what is stored, bit by bit.
        given = Copy(*found) if _wanted() is Audience.RESEARCHER else copies.clean(*found)
        if given is None:
            return trouble(
                404, f"what {name!r:.80} says beside picture or sound cannot be taken out, so it is not shown"
            )
        return _send(given.content, given.media_type.partition(";")[0].strip().lower(), name)

    @routes.get("/<run>/thumbnails/<name>", roles=ALL)
    def small(run: str, name: str) -> Response:
        found = _medium(runs, run, name)
        picture = copies.thumbnail(found[0]) if found else None
        if picture is None:
            return trouble(404, f"the run has no picture called {name!r:.80}, or none that may be shown")
        return _send(picture.content, picture.media_type, f"{name}.small")

    return routes


def _wanted() -> Audience:
    """For whom a file is: who sees everything gets it as it is stored, unless they ask otherwise."""
    is_usual = "audience" not in request.args and asker().is_researcher
    return Audience.RESEARCHER if is_usual else guard.audience()


def _medium(runs: Runs, run: str, name: str) -> tuple[bytes, str] | None:
    found = runs.find(run, asker())
    if not _may_see(runs, found, name, _wanted()):
        return None
    return runs.media(found, name)


def _may_see(runs: Runs, found: Job | str, name: str, audience: Audience) -> bool:
    """Whether somebody may see a medium: one of its items has to be one that is shown to them."""
    if audience is Audience.RESEARCHER:
        return True
    record = runs.record_of(found)
    view = view_of(record, audience)
    return any(
        name in (item.media.sha256 if item.media else None, media_name(item.file_path)) and view.shows(item)
        for item in record.items
    )


def _send(content: bytes, media_type: str, name: str) -> Response:
    is_shown = media_type in SHOWN
    suffix = SHOWN.get(media_type, ".bin")
    stem = "".join(sign for sign in name.partition(".")[0] if sign.isascii() and sign.isalnum())[:32] or "medium"
    response = send_file(
        io.BytesIO(content),
        mimetype=media_type if is_shown else "application/octet-stream",
        as_attachment=not is_shown,
        download_name=f"{stem}{suffix}",
        etag=hashlib.sha256(content).hexdigest(),
        conditional=True,
        max_age=None,
    )
    # A run may be erased: a browser asks whether its copy still counts.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = guard.FILE_POLICY
    return response
