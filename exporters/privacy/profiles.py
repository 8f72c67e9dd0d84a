"""What leaves under a profile, and how: a list of fields. What is not listed does not leave.

`docs/privacy.md` has the same list for people, and a test holds that it is this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Profile(StrEnum):
    """Under what records leave: as they are, for researchers without persons, for everybody."""

    FULL = "full"
    PSEUDONYMOUS = "pseudonymous"
    PUBLIC = "public"


class How(StrEnum):
    """How a field leaves. A text in it that is none of our own words goes through the text rules in any case."""

    KEPT = "as it is"
    TEXT = "through the text rules"
    LABEL = "a name, through the text rules"
    KEYS = "known names; others through the text rules"
    ID = "as it is where it is an id of ours, else another one"
    OWN_ID = "another id of the same form"
    NUMBERED = "numbered anew"
    PSEUDONYM = "pseudonym"
    DAY = "the day alone"
    OFFSET = "the day, plus the time since the run's start"
    PARAMETERS = "listed parameters; their texts through the text rules"
    NUMBERS = "numbers of listed parameters, and languages"
    TREE = "numbers; texts and unknown keys through the text rules"
    LINKS = "each of them, the same"
    REQUEST = "the same; of the URL its path, of query and headers the known names"
    FACTS = "listed facts; the same of each"
    COPY = "a clean copy of what was made"
    NAME = "a neutral name"
    DECLARED = "variables that say so; their texts through the text rules"
    EACH = "each of them, as below"
    LEFT_OUT = "left out"


_NO = How.LEFT_OUT
_BOTH = (How.KEPT, How.KEPT)

_RECORD = {
    "execution_id": (How.ID, How.OWN_ID),
    "config_name": (How.LABEL, How.LABEL),
    "timestamp": (How.KEPT, How.DAY),
    "trace_id": (How.ID, _NO),
    "user_id": (How.PSEUDONYM, _NO),
    "session_id": (How.PSEUDONYM, _NO),
    "device_id": (How.PSEUDONYM, _NO),
    "study_id": (How.LABEL, _NO),
    "batch_id": (How.LABEL, _NO),
    "repeats": (How.ID, _NO),
    "continues": (How.ID, _NO),
    "execution_mode": _BOTH,
    "safety_level": _BOTH,
    "used_seed": _BOTH,
    "total_execution_time": _BOTH,
    "status": _BOTH,
    "finish_reason": _BOTH,
    "error": (How.TREE, _NO),
    "outputs_generated": _BOTH,
    "stages_completed": _BOTH,
    "items": (How.EACH, How.EACH),
    "spans": (How.EACH, How.EACH),
    "links": (How.LINKS, _NO),
    "span_count": _BOTH,
    "item_count": _BOTH,
    "dropped": _BOTH,
    "lossy_values": _BOTH,
    "late_spans": _BOTH,
    "revision": _BOTH,
    "metadata": (How.PARAMETERS, How.NUMBERS),
    "taxonomy_version": _BOTH,
    "schema_version": _BOTH,
    "attachments": (How.COPY, How.COPY),
}
_ITEM = {
    "sequence_number": _BOTH,
    "timestamp": (How.KEPT, How.OFFSET),
    "item_type": _BOTH,
    "media_type": _BOTH,
    "stage": _BOTH,
    "stage_iteration": _BOTH,
    "loop_iteration": _BOTH,
    "content": (How.TEXT, How.TEXT),
    "input_text": (How.TEXT, How.TEXT),
    "file_path": (How.NAME, How.NAME),
    "media": (How.COPY, How.COPY),
    "config_used": (How.LABEL, How.LABEL),
    "model_used": (How.LABEL, How.LABEL),
    "backend_used": (How.LABEL, How.LABEL),
    "execution_time": _BOTH,
    "attempt": (How.ID, How.NUMBERED),
    "span_id": (How.ID, How.NUMBERED),
    "metadata": (How.PARAMETERS, How.NUMBERS),
}
_SPAN = {
    "span_id": (How.ID, How.NUMBERED),
    "parent_span_id": (How.ID, How.NUMBERED),
    "name": _BOTH,
    "kind": _BOTH,
    "timestamp": (How.KEPT, How.OFFSET),
    "execution_time": _BOTH,
    "status": _BOTH,
    "error": (How.TREE, _NO),
    "stage": _BOTH,
    "stage_iteration": _BOTH,
    "loop_iteration": _BOTH,
    "config_used": (How.LABEL, How.LABEL),
    "backend_used": (How.LABEL, How.LABEL),
    "model_used": (How.LABEL, How.LABEL),
    "configured": (How.TREE, _NO),
    "passed": (How.REQUEST, _NO),
    "not_passed": (How.KEYS, _NO),
    "response": (How.REQUEST, _NO),
    "facts": (How.FACTS, _NO),
}
_MEDIA = {"sha256": (How.COPY, How.COPY), "bytes": (How.COPY, How.COPY), "type": (How.COPY, How.COPY)}
_ANNOTATION = {
    "is_test": _BOTH,
    "is_excluded": _BOTH,
    "note": (How.TEXT, _NO),
    "values": (How.DECLARED, How.DECLARED),
    "variables": (How.DECLARED, How.DECLARED),
}

FIELDS: Mapping[str, Mapping[str, tuple[How, How]]] = {
    "ExecutionRecord": _RECORD,
    "ExecutionItem": _ITEM,
    "SpanRecord": _SPAN,
    "Media": _MEDIA,
    "Annotation": _ANNOTATION,
}
"""How each field leaves under `pseudonymous` and under `public`, by class and name."""


def fields_of(profile: Profile, kind: str) -> Mapping[str, How]:
    """How the fields of a class of records leave. `full` has no list.

    >>> fields_of(Profile.PUBLIC, "ExecutionRecord")["user_id"].value
    'left out'
    """
    column = (Profile.PSEUDONYMOUS, Profile.PUBLIC).index(profile)
    return {name: how[column] for name, how in FIELDS[kind].items()}
