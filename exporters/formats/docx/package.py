"""The zip file that a Word document is, the same bytes whenever it is written."""

from __future__ import annotations

import io
import zipfile

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file knows."""


def with_fixed_times(document: bytes) -> bytes:
    """The same document without the time at which its parts were packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            target.writestr(zipfile.ZipInfo(part.filename, EARLIEST), source.read(part), zipfile.ZIP_DEFLATED)
    return out.getvalue()
