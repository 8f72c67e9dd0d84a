"""How a file of REFI-QDA begins: whose format it is, and who wrote it."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from exporters.story.readable import visible_line
from otel_tracking.version import own_version

_SCHEMAS = "http://schema.qdasoftware.org/versions"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def head(root: str, kind: str, **attributes: str) -> bytes:
    """The beginning of a file of this kind (`project` or `codebook`) up to its first child."""
    namespace = f"urn:QDA-XML:{kind}:1.0"
    name = kind.capitalize()
    said = {
        "xmlns": namespace,
        "xmlns:xsi": _XSI,
        "xsi:schemaLocation": f"{namespace} {_SCHEMAS}/{name}/v1.0/{name}.xsd",
        # Programs read who wrote a file, and some of them fail where nobody says it.
        "origin": f"otel-tracking {own_version()}",
        **attributes,
    }
    told = " ".join(f"{name}={quoteattr(visible_line(value))}" for name, value in said.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {told}>\n'.encode()
