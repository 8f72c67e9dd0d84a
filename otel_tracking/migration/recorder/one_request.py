"""Tell which run a request looked at before it began another one: that one continues it.

A page that draws the same again sends the id of its run; the route loads that one, sees that it has its picture, and
begins a run of another id. Which of two runs on one thread belong to one request only the server's way in knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

Application = Callable[[Any, Any], Iterable[bytes]]

_looked_at: ContextVar[list[str] | None] = ContextVar("otel_tracking_looked_at", default=None)


def one_request(application: Application) -> Application:
    """The WSGI application, each of whose requests is one: `app.wsgi_app = one_request(app.wsgi_app)`.

    >>> one_request(lambda environ, start_response: [b"hello"])({}, None)
    [b'hello']
    """

    def request(environ: Any, start_response: Any) -> Iterable[bytes]:
        # Set anew by the next request of this thread, and not taken back: an answer that is streamed still comes.
        _looked_at.set([])
        return application(environ, start_response)

    return request


def look_at(recorder: Any) -> Any:
    """The same recorder; a run that has its output may be the one that the next one continues."""
    seen = _looked_at.get()
    metadata = getattr(recorder, "metadata", None)
    entities = metadata.get("entities") if isinstance(metadata, Mapping) else None
    if seen is not None and isinstance(entities, list) and any(map(_is_output, entities)):
        seen[:] = [recorder.run_id]
    return recorder


def run_before(run_id: str) -> str | None:
    """The run that this request looked at before it began that one."""
    seen = _looked_at.get()
    return seen[0] if seen and seen[0] != run_id else None


def _is_output(entity: Any) -> bool:
    return isinstance(entity, Mapping) and str(entity.get("type", "")).startswith("output_")
