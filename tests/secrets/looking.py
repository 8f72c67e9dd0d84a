"""Look for words in everything that a run leaves behind: packed files unpacked, documents as their readers see them."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib

import pyarrow.parquet as pq
from pypdf import PdfReader

from exporters import FORMATS


def everything_below(directory):
    """The bytes of every file, and what is packed in them."""
    parts = []
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            parts += [path.read_bytes(), *_unpacked(path.read_bytes(), path.suffix)]
    return joined(parts)


PRINTED = ("pdf", "pdfa", "docx")
"""Formats that take a second."""


def every_document(record, *, without=()):
    """The record in every format there is, unpacked."""
    parts = []
    for format_ in (format_ for name, format_ in FORMATS.items() if name not in without):
        document = format_.render(record)
        parts += [document, *_unpacked(document, format_.suffix)]
    return joined(parts)


def joined(parts):
    """Texts and bytes as one text. Where a document breaks a line, a word goes on: without white space."""
    texts = [part if isinstance(part, str) else part.decode("latin-1") for part in parts]
    return "".join("\n".join(texts).split())


def found_in(text, samples):
    """The names of the secrets that a text holds."""
    return sorted(name for name, sample in samples.items() if sample.core in text)


def _unpacked(content, suffix):
    if suffix == ".parquet":
        yield json.dumps(pq.read_table(io.BytesIO(content)).to_pylist(), default=str, ensure_ascii=False)
    elif suffix == ".docx":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif suffix == ".pdf":
        yield from (page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
        yield from _streams(content)
    elif suffix == ".png":
        yield from _streams(content)


def _streams(content):
    """What is packed with zlib in a file, wherever it begins."""
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content):
        try:
            yield zlib.decompressobj().decompress(memoryview(content)[start.start() :], 2**20)
        except zlib.error:
            continue
