"""A zip file written as it grows: the same parts give the same bytes, whenever they are written."""

from __future__ import annotations

import zipfile
from typing import BinaryIO

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file knows."""
_UNIX, _PRIVATE = 3, 0o600 << 16


def new_package(file: BinaryIO) -> zipfile.ZipFile:
    """An empty package, to be closed when every part is in it."""
    return zipfile.ZipFile(file, "w")


def part(name: str, *, pressed: bool = True) -> zipfile.ZipInfo:
    """The head of a part; `pressed` where that makes it smaller, as it does not with pictures and sounds."""
    head = zipfile.ZipInfo(name, _EARLIEST)
    head.compress_type = zipfile.ZIP_DEFLATED if pressed else zipfile.ZIP_STORED
    head.create_system, head.external_attr = _UNIX, _PRIVATE
    return head
