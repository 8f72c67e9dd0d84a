"""`/api/runs/<id>/media/…` and `/thumbnails/…`: what a run took in and made, as files."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict

from flask import Blueprint, Response, send_file

from devserver.web import guard
from devserver.web.board_rules import Hiding
from devserver.web.pupils import asker
from devserver.web.replies import trouble
from devserver.web.roles import Role
from devserver.web.runner import Job
from devserver.web.runs import Runs
from exporters.errors import AmbiguousExecution, UnknownExecution
from exporters.thumbnails import thumbnail

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
    thumbnails = _Thumbnails()

    @routes.errorhandler(UnknownExecution)
    @routes.errorhandler(AmbiguousExecution)
    def unknown(error: Exception) -> Response:
        return trouble(404, str(error))

    @routes.get("/<run>/media/<name>")
    def medium(run: str, name: str) -> Response:
        found = _medium(runs, run, name)
        if found is None:
            return trouble(404, f"the run has no medium called {name!r:.80}, or none that may be shown")
        content, media_type = found
        return _send(content, media_type.partition(";")[0].strip().lower(), name)

    @routes.get("/<run>/thumbnails/<name>")
    def small(run: str, name: str) -> Response:
        found = _medium(runs, run, name)
        picture = thumbnails.of(found[0]) if found else None
        if picture is None:
            return trouble(404, f"the run has no picture called {name!r:.80}, or none that may be shown")
        return _send(picture, "image/jpeg", f"{name}.small")

    return routes


def _medium(runs: Runs, run: str, name: str) -> tuple[bytes, str] | None:
    found = runs.find(run, asker())
    if guard.role() is not Role.RESEARCHER and not _may_see(runs, found, name):
        return None
    return runs.media(found, name)


def _may_see(runs: Runs, found: Job | str, name: str) -> bool:
    """Whether students may see a medium: one of its items has to be one that is shown to them."""
    state = runs.state(found)
    hiding = Hiding(state, for_students=True)
    return any(
        name in (item.media.sha256 if item.media else None, (item.file_path or "").rpartition("/")[2])
        for item in state.items
        if not hiding.withholds(item) and not hiding.holds(item)
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


class _Thumbnails:
    """Small pictures, the last few kept; nothing of the large ones is."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._made: OrderedDict[bytes, bytes | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, content: bytes) -> bytes | None:
        """The thumbnail of a picture; None for what is none."""
        key = hashlib.sha256(content).digest()
        if key not in self._made:
            small = thumbnail(content)
            with self._lock:
                self._made[key] = small
                while len(self._made) > self._most:
                    self._made.popitem(last=False)
            return small
        return self._made.get(key)
