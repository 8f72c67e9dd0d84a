"""Datasets as tests look at them: runs that went well and badly, with media, and what a directory holds."""

import dataclasses
import datetime as dt
import hashlib
import io
import itertools
import json

import pyarrow.parquet as pq
from PIL import Image
from records import NOON, a_record, a_span, an_item

from exporters import ParquetSink
from otel_tracking import ItemType, Media, MediaType, Status
from otel_tracking.taxonomy import STAGE_NAMES

PROMPT = "Eine blaue Blume träumt über dem Fluß"
FORMULA = '=HYPERLINK("http://example.org")'
TWO_LINES = 'Es war einmal\nein Mond; "rund"'
SEED = 2**60 + 1
WORDS = {"safe": True, "safety_level": "kids"}


def store(data_dir, *records):
    sink = ParquetSink(data_dir)
    for record in records:
        sink.write(record)
    return data_dir


def a_stage(number, seconds=1.0, **given):
    """The span of a stage, a second after the one before."""
    return a_span(
        **{
            "name": STAGE_NAMES[number],
            "kind": "internal",
            "backend_used": None,
            "stage": number,
            "timestamp": NOON + dt.timedelta(seconds=number),
            "execution_time": seconds,
            "span_id": f"{number:016x}",
            **given,
        }
    )


def a_prompt(text=PROMPT):
    return an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content=text, metadata={"input_language": "de"})


def a_check(stage, text, safe=True):
    kind = ItemType.STAGE1_SAFETY_CHECK if stage == 1 else ItemType.STAGE3_SAFETY_CHECK
    return an_item(
        item_type=kind,
        stage=stage,
        media_type=MediaType.METADATA,
        content=None,
        input_text=text,
        backend_used="term_lists",
        metadata={**WORDS, "safe": safe},
    )


def a_journey(*texts, **given):
    """A run that hops through texts, each hop by an engine."""
    texts = texts or (PROMPT, FORMULA, TWO_LINES)
    hops = [
        an_item(stage_iteration=number, content=made, input_text=said, backend_used="ollama", model_used="mistral")
        for number, (said, made) in enumerate(itertools.pairwise(texts), start=1)
    ]
    final = an_item(item_type=ItemType.INTERCEPTION_FINAL, content=texts[-1])
    items = [a_prompt(texts[0]), a_check(1, texts[0]), *hops, final, a_check(3, texts[-1])]
    spans = (a_stage(1), a_stage(2, 2.5), a_stage(3))
    return a_record(**{"items": items, "spans": spans, "used_seed": SEED, "user_id": "u1", **given})


def a_blocked_run(**given):
    """A run that a check of stage 1 stopped."""
    blocked = an_item(
        item_type=ItemType.STAGE1_BLOCKED,
        stage=1,
        media_type=MediaType.METADATA,
        content=None,
        metadata={"reason": "not for children"},
    )
    items = [a_prompt("etwas Böses"), a_check(1, "etwas Böses", safe=False), blocked]
    return a_record(**{"items": items, "spans": (a_stage(1),), "status": Status.BLOCKED, **given})


def a_failed_run(**given):
    """A run whose second stage failed."""
    error = {"type": "ConnectionError", "message": "nobody answers"}
    failed = an_item(
        item_type=ItemType.PIPELINE_ERROR, stage=2, media_type=MediaType.METADATA, content="nobody answers"
    )
    spans = (a_stage(1), a_stage(2, error=error, status="error"))
    return a_record(**{"items": [a_prompt(), failed], "spans": spans, "status": Status.ERROR, "error": error, **given})


def a_drawing(colour="navy"):
    """The bytes of a PNG."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(file, "PNG")
    return file.getvalue()


def a_run_with_pictures(*contents, **given):
    """A run that made pictures, each as an output of its own, of a text."""
    record = a_record(**given)
    items = [a_prompt(), an_item(item_type=ItemType.INTERCEPTION_FINAL, content="a blue flower")]
    attachments = {}
    for number, content in enumerate(contents or (a_drawing(),), start=1):
        sha256 = hashlib.sha256(content).hexdigest()
        attachments[sha256] = content
        items.append(
            an_item(
                item_type=ItemType.OUTPUT_IMAGE,
                media_type=MediaType.IMAGE,
                stage=4,
                loop_iteration=number,
                content=None,
                input_text="a blue flower",
                backend_used="comfyui",
                media=Media(sha256, len(content), "image/png"),
                file_path=f"media/{record.execution_id}/output {number}.png",
            )
        )
    numbered = tuple(dataclasses.replace(item, sequence_number=place) for place, item in enumerate(items, start=1))
    spans = (a_stage(1), a_stage(2), *(a_stage(4, loop_iteration=n) for n in range(1, len(attachments) + 1)))
    return dataclasses.replace(record, items=numbered, item_count=len(numbered), spans=spans, attachments=attachments)


def content_below(directory):
    """The bytes of every file below a directory, by path."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def rows_of(dataset, table):
    return pq.read_table(dataset.path / f"{table}.parquet").to_pylist()


class CrateRead:
    """A crate as a program reads it: entities by id, and those of a type."""

    def __init__(self, directory):
        self.text = (directory / "ro-crate-metadata.json").read_text("utf-8")
        graph = json.loads(self.text)["@graph"]
        self.entities = {entity["@id"]: entity for entity in graph}
        assert len(self.entities) == len(graph), "an id that is there twice"
        for entity in graph:
            for value in entity.values():
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, dict):
                        assert one["@id"] in self.entities or one["@id"].startswith("https://w3id.org/ro/crate/")

    def of(self, kind):
        return [one for one in self.entities.values() if kind in one["@type"]]

    def the(self, reference):
        """The entities that a property refers to."""
        found = reference if isinstance(reference, list) else [reference] if reference else []
        return [self.entities[one["@id"]] for one in found]

    def action(self, record, stage):
        return self.entities[f"#{record.execution_id}/stage-{stage}"]
