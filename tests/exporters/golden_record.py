"""One run with something of everything, the same in every test: what golden files are made of."""

import datetime as dt
import hashlib
import struct
import zlib
from dataclasses import replace

from records import NOON, a_record, a_span, an_item

from otel_tracking import ItemType, Media, MediaType


def a_png(width=4, height=3, colour=(214, 92, 60)):
    """A real picture, small."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\x00" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


PICTURE = a_png()
FORBIDDEN = a_png(colour=(20, 20, 20))


def golden_record():
    """A German prompt through Arabic and English; of three outputs one is shown, one blocked once made, one failed."""
    items = [_at(number, item) for number, item in enumerate(_items())]
    return a_record(
        trace_id="0e3a0561" + "0" * 24,
        timestamp=NOON,
        items=items,
        spans=_spans(),
        config_name="stillepost",
        user_id="student-7",
        session_id="7b",
        safety_level="kids",
        execution_mode="eco",
        used_seed=123456789,
        total_execution_time=6.5,
        status="partial",
        outputs_generated=1,
        stages_completed=(1, 2, 3, 4),
        metadata={"workshop": "Bremen", "size": (2, 3)},
        attachments={hashlib.sha256(content).hexdigest(): content for content in (PICTURE, FORBIDDEN)},
    )


def _at(number, item):
    return replace(item, timestamp=NOON + dt.timedelta(seconds=number))


def _items():
    yield an_item(item_type=ItemType.PIPELINE_START, stage=0, content=None, media_type=MediaType.METADATA)
    prompt = "Eine Blume auf der Wiese"
    yield an_item(
        item_type=ItemType.USER_INPUT_TEXT, stage=1, content=prompt, metadata={"input_language": "de", "char_count": 24}
    )
    yield _check(ItemType.STAGE1_SAFETY_CHECK, 1, safe=True)
    yield _hop(1, prompt, "زهرة في المرج", "de", "ar")
    yield _hop(2, "زهرة في المرج", "=A flower\r\nin the <meadow> & \x07 \ud83d", "ar", "en")
    yield an_item(item_type=ItemType.INTERCEPTION_FINAL, content="=A flower in the meadow", metadata={"language": "en"})
    yield _check(ItemType.STAGE3_SAFETY_CHECK, 3, safe=True, loop_iteration=1)
    yield _picture(1, PICTURE, seed=-687734797039316)
    yield _picture(2, FORBIDDEN, seed=2**64 - 1)
    yield _check(ItemType.OUTPUT_BLOCKED, 4, safe=False, loop_iteration=2, content="blocked by the picture check")
    yield an_item(
        item_type=ItemType.OUTPUT_FAILED,
        stage=4,
        loop_iteration=3,
        content="ComfyUI Error: out of memory",
        media_type=MediaType.METADATA,
        config_used="flux2",
        metadata={"error_type": "BackendError", "error_message": "ComfyUI Error: out of memory"},
    )
    yield an_item(item_type="output_smell", stage=4, loop_iteration=4, content="thyme")


def _hop(number, given, made, from_lang, to_lang):
    return an_item(
        stage_iteration=number,
        input_text=given,
        content=made,
        model_used="mistral-nemo:latest",
        backend_used="ollama",
        execution_time=0.75,
        attempt=f"{number:016x}",
        metadata={"from_lang": from_lang, "to_lang": to_lang},
    )


def _check(item_type, stage, *, safe, **fields):
    metadata = {"safe": safe, "codes": [] if safe else ["violence"], "found_terms": [] if safe else ["dagger"]}
    return an_item(
        **{"content": None, "media_type": MediaType.METADATA, "item_type": item_type, "stage": stage, **fields},
        metadata=metadata,
    )


def _picture(output, content, *, seed):
    sha256 = hashlib.sha256(content).hexdigest()
    return an_item(
        item_type=ItemType.OUTPUT_IMAGE,
        media_type=MediaType.IMAGE,
        stage=4,
        loop_iteration=output,
        content=None,
        media=Media(sha256, len(content), "image/png"),
        file_path=f"media/exec_20261123_120000_0e3a0561/output_{output}.png",
        config_used="sd35_large",
        model_used="sd3.5_large.safetensors",
        backend_used="comfyui",
        execution_time=2.5,
        metadata={"seed": seed, "width": 4, "height": 3, "cfg": 5.5, "steps": 25},
    )


def _spans():
    root = "a0" * 8
    yield_at = [NOON + dt.timedelta(seconds=second) for second in (0, 1, 2, 3)]
    return (
        a_span(span_id=root, name="execution", kind="internal", timestamp=yield_at[0], execution_time=6.5),
        a_span(
            span_id="b0" * 8,
            parent_span_id=root,
            name="stage.interception",
            kind="internal",
            stage=2,
            timestamp=yield_at[1],
            execution_time=2.0,
        ),
        a_span(
            span_id=f"{1:016x}",
            parent_span_id="b0" * 8,
            name="chat mistral-nemo",
            stage=2,
            stage_iteration=1,
            timestamp=yield_at[1],
            execution_time=0.75,
            model_used="mistral-nemo:latest",
            configured={"temperature": 0.7, "to_lang": "ar"},
            passed={"model": "mistral-nemo:latest", "prompt": "Translate to Arabic: …", "stream": False},
            not_passed=("temperature",),
            response={"done_reason": "stop"},
        ),
        a_span(
            span_id=f"{2:016x}",
            parent_span_id="b0" * 8,
            name="chat mistral-nemo",
            stage=2,
            stage_iteration=2,
            timestamp=yield_at[3],
            execution_time=None,
            status="error",
            error={"error_type": "BackendError", "error_message": "Ollama Error: 500"},
        ),
    )
