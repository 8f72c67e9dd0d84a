"""The shapes of what the API takes and gives."""

from __future__ import annotations

from devserver.configs import Shelf
from devserver.requests import EXECUTION_MODES
from devserver.safety.terms import LEVELS
from devserver.web.asking.body import LARGEST_SEED, LONGEST_NAME
from devserver.web.openapi.parts import (
    ANYTHING,
    MAP,
    NUMBER,
    TEXT,
    WHOLE,
    Part,
    list_of,
    one_of,
    or_null,
    record_of,
    ref,
)

_NAME = {"type": "string", "maxLength": LONGEST_NAME}
_PEOPLE = ("user_id", "session_id", "device_id", "study_id", "batch_id")

_ADDRESSES = {
    "execution_id": or_null(TEXT),
    "trace_id": or_null(TEXT),
    "ticket": TEXT,
    "run_url": TEXT,
    "record_url": TEXT,
    "live_url": TEXT,
}
_NAMED = {"schema": TEXT, "config_name": TEXT}


def schemas(configs: Shelf) -> dict[str, Part]:
    """All of them by name, for a server with these configurations."""
    return {
        "Trouble": record_of({"status": one_of(["error"]), "error": TEXT}, {"retry_after": NUMBER}),
        "Wish": _wish(configs),
        "Done": record_of(
            {
                "status": one_of(["success"]),
                **_NAMED,
                "input_text": TEXT,
                "final_output": TEXT,
                "steps_completed": WHOLE,
                "execution_time": or_null(NUMBER),
                "metadata": MAP,
                "run_status": TEXT,
                **_ADDRESSES,
            },
            {
                "media_output": ref("Output"),
                "media_outputs": list_of(ref("Output")),
                "media_output_count": WHOLE,
                "withheld": {"type": "boolean"},
                "ticket_secret": TEXT,
            },
        ),
        "Output": record_of(
            {
                "config": TEXT,
                "status": one_of(["success", "blocked", "error"]),
                "output": or_null(TEXT),
                "media_type": or_null(TEXT),
                "execution_time": or_null(NUMBER),
                "metadata": MAP,
            },
            {"files": list_of(TEXT), "seed": or_null(WHOLE), "reason": TEXT, "safety_level": TEXT, "error": TEXT},
        ),
        "Accepted": record_of(
            {"status": one_of(["accepted"]), "run_status": TEXT, **_NAMED, "position": WHOLE, **_ADDRESSES},
            {"ticket_secret": TEXT},
        ),
        "Cancelling": record_of({"status": one_of(["cancelling"]), "run_status": TEXT, **_ADDRESSES}),
        "Listed": record_of(
            {
                "execution_id": or_null(TEXT),
                "trace_id": or_null(TEXT),
                "config_name": ANYTHING,
                "timestamp": {"type": "string", "format": "date-time"},
                "status": TEXT,
            },
            dict.fromkeys((*_PEOPLE, "execution_mode", "safety_level", "used_seed"), ANYTHING),
        ),
        "List": record_of(
            {
                "executions": list_of(ref("Listed")),
                "total": WHOLE,
                "limit": WHOLE,
                "offset": WHOLE,
                "returned": WHOLE,
                "filters": MAP,
            },
            {"damaged": list_of(TEXT)},
        ),
        # What a record holds is told by the data dictionary; here is what every reader may rely on.
        "Record": record_of({"execution_id": TEXT, "trace_id": or_null(TEXT), "items": list_of(MAP)}),
        "UnderWay": record_of({"status": TEXT, "position": WHOLE, "items_so_far": WHOLE, **_ADDRESSES}),
        "Stats": record_of(
            {
                "total_records": WHOLE,
                "total_size_bytes": or_null(WHOLE),
                "total_size_mb": or_null(NUMBER),
                "storage_dir": TEXT,
            }
        ),
        "Erasure": record_of(
            {
                "erasure": TEXT,
                "state": one_of(["waiting", "running", "done", "failed"]),
                "done": WHOLE,
                "of": WHOLE,
            },
            {"status": one_of(["accepted"]), "erasure_url": TEXT, "report": MAP, "error": TEXT},
        ),
        "Bundle": record_of(
            {
                "state": one_of(["waiting", "running", "done", "failed", "cancelled"]),
                "done": WHOLE,
                "of": WHOLE,
            },
            {"runs": WHOLE, "bytes": WHOLE, "file_url": TEXT, "bundle_url": TEXT, "error": TEXT},
        ),
        "Health": record_of({"status": one_of(["ok"]), "running": WHOLE, "waiting": WHOLE}),
    }


def _wish(configs: Shelf) -> Part:
    languages = [one_of(["fixed", "random"]), {**list_of({"type": "string", "maxLength": 20}), "maxItems": 100}]
    seed = {"type": ["integer", "null"], "minimum": -(2**63), "maximum": LARGEST_SEED}
    return record_of(
        {"schema": one_of(config.name for config in configs.all()), "input_text": {"type": "string", "minLength": 1}},
        {
            "execution_mode": one_of(EXECUTION_MODES),
            "safety_level": one_of(LEVELS),
            "seed": seed,
            "languages": {"anyOf": [*languages, {"type": "null"}]},
            "parameters": MAP,
            "images": list_of(record_of({"data": {"type": "string", "contentEncoding": "base64"}}, {"name": TEXT})),
            **{name: or_null(_NAME) for name in (*_PEOPLE, "repeats", "continues")},
            "async": {"type": "boolean"},
        },
    )
