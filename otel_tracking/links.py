"""The links of a run: to what caused it, as its caller says or as the trace around it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Link, SpanContext

from otel_tracking import attributes as names
from otel_tracking.current_span import surrounding_link
from otel_tracking.errors import Troubles

if TYPE_CHECKING:
    from otel_tracking.secrets.frozen import Redactor


def links_of(given: Any, redactor: Redactor, troubles: Troubles) -> list[Link]:
    """The links that were given, and one to the trace that surrounds the run: the run is its own trace's root."""
    links = [] if type(given) is tuple and not given else list(_read_links(given, redactor, troubles))
    around = surrounding_link()
    if around is None:
        return links
    known = {(link.context.trace_id, link.context.span_id) for link in links}
    if (around.context.trace_id, around.context.span_id) not in known:
        links.append(around)
    return links


def _read_links(links: Any, redactor: Redactor, troubles: Troubles) -> Iterator[Link]:
    """The links among `links`, with flat attributes; anything else is reported, since a run must start."""
    try:
        for link in links:
            context, attributes = (link.context, link.attributes) if isinstance(link, Link) else (link, None)
            if isinstance(context, SpanContext):
                flat = {names.safe_text(key): names.flat(value) for key, value in (attributes or {}).items()}
                yield Link(context, redactor.attributes(flat))
            else:
                troubles.report("link", "a link of a run must be a SpanContext or a Link; it was left out")
    except Exception as trouble:
        troubles.report("link", trouble)
