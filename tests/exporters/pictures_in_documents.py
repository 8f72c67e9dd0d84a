"""The pictures that stand in a document of any format, as whoever opens it gets them."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile

from PIL import Image
from reading_pdf import read
from records import a_record, an_item

from exporters import FORMATS
from exporters.media.thumbnails import thumbnail
from otel_tracking import ItemType, Media, MediaType


def a_run_with(content, mime_type="image/png", medium=MediaType.IMAGE, item_type=ItemType.OUTPUT_IMAGE):
    """A run whose safe output is that file."""
    sha256 = hashlib.sha256(content).hexdigest()
    check = an_item(item_type=ItemType.STAGE3_SAFETY_CHECK, stage=3, content=None, metadata={"safe": True})
    item = an_item(
        item_type=item_type,
        media_type=medium,
        media=Media(sha256, len(content), mime_type),
        content=None,
        stage=4,
        loop_iteration=1,
        file_path="media/exec/001_output",
    )
    return a_record(items=[check, item], safety_level="kids", attachments={sha256: content})


def pictures_in(name, content, audience, **more):
    """What somebody sees of a picture in that document, or as a thumbnail."""
    if name == "thumbnail":
        small = thumbnail(content)
        return [] if small is None else [_opened(small)]
    document = FORMATS[name].render(a_run_with(content, **more), audience=audience)
    return list(_IN[name](document))


def _opened(content):
    return Image.open(io.BytesIO(content))


def _in_html(document):
    for found in re.findall(rb'<img src="data:[^;]*;base64,([^"]*)"', document):
        yield _opened(base64.b64decode(found))


def _in_word(document):
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        for name in package.namelist():
            if name.startswith("word/media/"):
                yield _opened(package.read(name))


def _in_pdf(document):
    for page in read(document).pages:
        for found in page.images:
            yield found.image


_IN = {"html": _in_html, "docx": _in_word, "pdf": _in_pdf, "pdfa": _in_pdf}
