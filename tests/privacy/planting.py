"""A run with a name in every place where a text can stand, and a look for it in every form that bytes can have."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from urllib.parse import quote

from builders import a_record, a_span, an_item
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader

from devserver.testing import WAV
from exporters import FORMATS
from otel_tracking import ItemType, Media, MediaType, canonical

LOOKED_AT = ("json", "xml", "legacy_xml", "csv", "html", "pdf", "docx")


def a_png(name):
    """What ComfyUI writes: prompt and graph beside the picture; and EXIF, and more behind the end."""
    info = PngInfo()
    info.add_text("prompt", json.dumps({"6": {"inputs": {"text": f"a portrait of {name}"}}}))
    info.add_itxt("workflow", name, zip=True)
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = name
    buffer = io.BytesIO()
    Image.effect_noise((16, 12), 60).convert("RGB").save(buffer, "PNG", pnginfo=info, exif=exif)
    return buffer.getvalue() + name.encode()


def a_jpeg(name):
    exif = Image.Exif()
    exif[0x010E] = name
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(buffer, "JPEG", exif=exif, comment=name.encode())
    return buffer.getvalue()


def an_mp3(name):
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    text = name.encode()
    tag = b"TIT2" + struct.pack(">I", len(text) + 1) + b"\0\0\x03" + text
    return b"ID3\3\0\0" + bytes([0, 0, len(tag) >> 7, len(tag) & 127]) + tag + frame * 3


def a_wav(name):
    told = name.encode() + b"\0" * (1 + (len(name.encode()) + 1) % 2)
    tags = b"INFOIART" + struct.pack("<I", len(told)) + told
    chunk = b"LIST" + struct.pack("<I", len(tags)) + tags
    return b"RIFF" + struct.pack("<I", len(WAV) - 8 + len(chunk)) + WAV[8:36] + chunk + WAV[36:]


def a_glb(name):
    tree = json.dumps(
        {"asset": {"version": "2.0", "generator": name, "extras": {"by": name}}, "scenes": [{"name": name}]}
    )
    body = tree.encode()
    body += b" " * (-len(body) % 4)
    return b"glTF" + struct.pack("<II", 2, 20 + len(body)) + struct.pack("<I4s", len(body), b"JSON") + body


MEDIA = {
    "image/png": (ItemType.OUTPUT_IMAGE, a_png),
    "image/jpeg": (ItemType.OUTPUT_IMAGE, a_jpeg),
    "audio/mpeg": (ItemType.OUTPUT_MUSIC, an_mp3),
    "audio/wav": (ItemType.OUTPUT_AUDIO, a_wav),
    "model/gltf-binary": (ItemType.OUTPUT_3D, a_glb),
    "text/plain": (ItemType.OUTPUT_CODE, lambda name: f"print('for {name}')".encode()),
    "text/html": (ItemType.OUTPUT_CODE, lambda name: f"<p>{''.join(f'&#{ord(sign)};' for sign in name)}</p>".encode()),
}


def a_graph(name):
    return {
        "3": {"class_type": "KSampler", "inputs": {"seed": 7, "cfg": 5.5, "model": ["4", 0]}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": f"for {name}"}, "_meta": {"title": f"von {name}"}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": f"{name}_1"}},
        name: {"inputs": {name: [name, {name: name}]}},
    }


def a_tree(name):
    """Values nested and packed, with the name as value and as key."""
    return {
        "prompt": f"ein Bild von {name}",
        "deep": [{"more": ({name: 1, "x": [name]},)}, frozenset({name})],
        f"note of {name}": 1,
        "packed": base64.b64encode(f"hallo {name}".encode()).decode(),
        "quoted": quote(f"hallo {name} ä"),
        "as json": json.dumps({"prompt": name}),
        "bytes": name.encode(),
        "graph": a_graph(name),
    }


def a_planted_record(name, medium="image/png", *, is_given=False):
    """A run with the name in every field that takes a text, in its media, and in what is said about it; `is_given` adds
    a photograph that somebody gave, with which no picture leaves.
    """
    item_type, make = MEDIA[medium]
    content, photograph = make(name), a_jpeg(name) + b" "
    picture, given = hashlib.sha256(content).hexdigest(), hashlib.sha256(photograph).hexdigest()
    texts = {"content": f"Hallo {name}!", "input_text": f"{name} malt"}
    labels = {"config_used": f"config {name}", "model_used": f"lora-{name}", "backend_used": name}
    shared = {**texts, **labels, "metadata": {**a_tree(name), name: name}}
    items = (
        an_item(**shared),
        an_item(item_type=ItemType.PIPELINE_START, stage=0, **shared),
        an_item(content=a_tree(name), input_text=[name], metadata=[name]),
        an_item(
            item_type=f"item of {name}", media_type=name, stage=name, stage_iteration=name, span_id=name, attempt=name
        ),
        an_item(
            **{
                **shared,
                "item_type": ItemType.USER_INPUT_IMAGE if is_given else "input",
                "media_type": MediaType.IMAGE,
            },
            media=Media(given, len(photograph), "image/jpeg"),
            file_path=f"media/{name}.jpg",
        ),
        an_item(
            **{**shared, "item_type": item_type, "stage": 4, "loop_iteration": 1},
            media=Media(picture, len(content), medium),
            file_path=f"media/exec/{name}.png",
        ),
        an_item(item_type=item_type, stage=4, media=Media(None, None, f"image/{name}"), file_path=name),
        an_item(item_type=ItemType.PIPELINE_ERROR, stage=5, content=f"no such file: {name}", metadata=a_tree(name)),
    )
    call = {"method": "POST", "url": f"http://{name}.example.org:81/api/{name}?q={name}#{name}"}
    passed = {
        **call,
        "headers": {"content-type": f"text/plain; name={name}", "x-user": name, name: name},
        "query": {"prompt": name, name: name},
        "body": a_tree(name),
        "body_facts": {"sha256": hashlib.sha256(name.encode()).hexdigest(), "exact_text": f"hallo {name}"},
    }
    error = {"error_type": f"Bang{name}", "error_message": f"{name} is not here"}
    spans = (
        a_span(name=f"chat {name}", kind=name, status=name, stage=name, error=error, **labels),
        a_span(
            kind="client",
            span_id=name,
            parent_span_id=name,
            configured=a_tree(name),
            passed=passed,
            not_passed=(name, f"options.{name}"),
            response={"status": 200, "body": a_tree(name), "error": error},
            facts={"engine": a_tree(name), "context": name, "own": name, name: name},
        ),
        a_span(kind="client", passed=name, configured=[name], response=name, facts=name),
    )
    fields = ("user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues")
    record = a_record(
        **dict.fromkeys(fields, name),
        config_name=f"config of {name}",
        execution_mode=name,
        safety_level=name,
        used_seed=name,
        status=name,
        finish_reason=name,
        error=error,
        items=tuple(dataclasses.replace(item, sequence_number=place) for place, item in enumerate(items, start=1)),
        spans=spans,
        links=({"trace_id": name, "attributes": {"note": name, name: name}},),
        metadata={**a_tree(name), "config": a_tree(name), "unknown_fields": {name: name}},
        taxonomy_version=name,
        schema_version=name,
        attachments={picture: content, given: photograph, hashlib.sha256(b"more").hexdigest(): name.encode()},
    )
    return record


def bytes_of(record):
    """Everything that leaves with a record: its documents, unpacked, its canonical text, its media."""
    yield canonical.dumps(record.to_dict()).encode()
    for content in record.attachments.values():
        yield content
        yield from _streams(content)
    for name in LOOKED_AT:
        document = FORMATS[name].render(record)
        yield document
        if name == "docx":
            with zipfile.ZipFile(io.BytesIO(document)) as archive:
                yield from (archive.read(part) for part in archive.namelist())
        if name == "pdf":
            pages = PdfReader(io.BytesIO(document)).pages
            yield re.sub(r"\s+", "", " ".join(page.extract_text() for page in pages)).encode()


def _streams(content):
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content):
        try:
            yield zlib.decompressobj().decompress(memoryview(content)[start.start() :], 2**20)
        except zlib.error:
            continue


def forms_of(name):
    """A name as the bytes it may stand as; capitals make no difference."""
    folded = name.casefold()
    for text in {name, folded, name.upper()}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
            # What cannot be written whole is not looked for: three letters that are left stand in any picture.
            with contextlib.suppress(UnicodeEncodeError):
                yield text.encode(encoding).lower()
        yield quote(text, safe="").lower().encode()
        yield json.dumps(text)[1:-1].lower().encode()


def packed_forms_of(name):
    """A name in base64, at each of the three places where it may begin."""
    for offset in range(3):
        packed = base64.b64encode(b"\0" * offset + name.encode())
        # The first and the last signs depend on what stands beside it.
        yield packed[(0, 2, 3)[offset] : len(packed) // 4 * 4 - 4]


def found_in(parts, name):
    """The forms of a name that stand somewhere in bytes."""
    forms = {form for form in forms_of(name) if len(form) >= 3}
    packed = {form for form in packed_forms_of(name) if len(form) >= 6}
    found = set()
    for part in parts:
        small = part.lower()
        found |= {form for form in forms if form in small} | {form for form in packed if form in part}
    return sorted(found)
