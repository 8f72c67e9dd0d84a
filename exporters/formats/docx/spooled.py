"""A Word document that is too long for memory: parts of its body wait in a file, and only the last one is a tree."""

from __future__ import annotations

import io
import itertools
import shutil
import zipfile
from typing import IO, Any, BinaryIO

from docx.oxml.ns import qn
from lxml import etree

from exporters.formats.docx.package import EARLIEST

_BODY = "word/document.xml"


class SpooledBody:
    """Takes what was added to a document out of it, and puts it back when it is written.

    Pictures stay in the document: parts know them by ids that it gave, and a picture is in it once.
    """

    def __init__(self, document: Any) -> None:
        self._document = document
        self._known = {f' xmlns:{prefix}="{name}"'.encode() for prefix, name in document.element.nsmap.items()}
        self._pictures = itertools.count(1)

    def move_to(self, file: IO[bytes]) -> None:
        """Everything that the document has now, at the end of the file; the document is empty then."""
        body = self._document.element.body
        for element in list(body):
            if element.tag != qn("w:sectPr"):
                # Each is counted from what is in the document, where it would be the first again.
                for told in element.iter(qn("wp:docPr")):
                    told.set("id", str(next(self._pictures)))
                file.write(self._serialised(element))
                body.remove(element)

    def save(self, out: BinaryIO, *parts: IO[bytes]) -> None:
        """The document with these as its body, one after the other, without the time at which it was packed."""
        whole = io.BytesIO()
        self._document.save(whole)
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
            for part in source.infolist():
                head = zipfile.ZipInfo(part.filename, EARLIEST)
                head.compress_type = zipfile.ZIP_DEFLATED
                if part.filename != _BODY:
                    target.writestr(head, source.read(part), zipfile.ZIP_DEFLATED)
                    continue
                before, last, after = source.read(part).rpartition(b"<w:sectPr")
                with target.open(head, "w", force_zip64=True) as body:
                    body.write(before)
                    for waiting in parts:
                        waiting.seek(0)
                        shutil.copyfileobj(waiting, body)
                    body.write(last + after)

    def _serialised(self, element: Any) -> bytes:
        """An element as it stands in the document; what its root says of namespaces is not said again."""
        head, end, rest = etree.tostring(element, encoding="utf-8").partition(b">")
        for said in self._known:
            head = head.replace(said, b"")
        return bytes(head + end + rest)
