"""Make of a record one that may leave: under a profile, with the pseudonyms of a study, through text rules.

What comes out is an ordinary record, so that every format draws it and every table stores it. Pure: nothing is read or
written, and the same record gives the same one again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exporters.privacy.made_media import made_media
from exporters.privacy.profiles import FIELDS, Profile, fields_of
from exporters.privacy.text_rules import TextRules
from exporters.privacy.walk import NOT_LISTED, LeftOut
from exporters.privacy.ways import Ways
from exporters.remarks.annotated import Annotated, Annotation, annotated
from otel_tracking.audience import Audience
from otel_tracking.pseudonyms import Pseudonyms
from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord
from otel_tracking.taxonomy import BLOCKED_TYPES, FAILURE_TYPES
from otel_tracking.view import View

RECALL = (
    "Rules find forms (addresses, numbers) and the names of a roster. A name that is on no roster, a nickname, a story "
    "by which somebody is recognised: no rule finds these. Pseudonymous data are personal data."
)
"""What nobody should believe of text rules."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """Under what a record leaves. Raises `ValueError` for a profile that needs pseudonyms, without them."""

    profile: Profile
    pseudonyms: Pseudonyms | None = None
    rules: TextRules = field(default_factory=TextRules)

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", Profile(self.profile))
        if self.profile != Profile.FULL and self.pseudonyms is None:
            raise ValueError(f"the profile {self.profile} needs the key of a study; Pseudonyms(key) would work")


@dataclass(frozen=True, slots=True)
class Deidentified:
    """A record that may leave, what was left out of it, and how often what was taken out of its texts."""

    record: ExecutionRecord
    left_out: tuple[LeftOut, ...] = ()
    redactions: Mapping[str, int] = field(default_factory=dict)


def deidentify(record: ExecutionRecord, privacy: Privacy) -> Deidentified:
    """The record as it may leave; under `full` it is the record itself.

    Its attachments are the media that may leave, made of those that came with the given record. Its `metadata` say
    under `privacy` what it was made under.

    >>> from otel_tracking.record import read_timestamp
    >>> record = ExecutionRecord(execution_id="exec_20261123_043900_0e3a0561", config_name="dada", user_id="anna",
    ...     timestamp=read_timestamp("2026-11-23T04:39:00"))
    >>> made = deidentify(record, Privacy(Profile.PUBLIC, Pseudonyms(bytes(32)))).record
    >>> made.execution_id, made.user_id, made.timestamp.isoformat()
    ('exec_20261123_000000_34e09599', None, '2026-11-23T00:00:00+00:00')
    """
    if privacy.pseudonyms is None or privacy.profile == Profile.FULL:
        return Deidentified(record)
    view = View(record, Audience.RESEARCHER)
    return _Run(record, view, Ways(record, view, privacy.pseudonyms, privacy.rules), privacy).deidentified()


def privacy_statement(privacy: Privacy) -> dict[str, Any]:
    """Under what an export was made, for its README and for programs: profile, study, rules, and how each field left.

    >>> privacy_statement(Privacy(Profile.FULL))
    {'profile': 'full', 'study': None, 'rules': [], 'recall': '', 'fields': {}}
    """
    if privacy.profile == Profile.FULL:
        return {"profile": "full", "study": None, "rules": [], "recall": "", "fields": {}}
    hows = {f"{kind}.{name}": how.value for kind in FIELDS for name, how in fields_of(privacy.profile, kind).items()}
    return {**_made_under(privacy), "recall": RECALL, "fields": hows}


def _made_under(privacy: Privacy) -> dict[str, Any]:
    # In public it would say which exports are of one study.
    is_internal = privacy.profile == Profile.PSEUDONYMOUS
    study = privacy.pseudonyms.fingerprint if privacy.pseudonyms and is_internal else None
    return {"profile": privacy.profile.value, "study": study, "rules": list(privacy.rules.versions)}


@dataclass(frozen=True, slots=True)
class _Run:
    """One record on its way out."""

    record: ExecutionRecord
    view: View
    ways: Ways
    privacy: Privacy

    def deidentified(self) -> Deidentified:
        """The record as it may leave."""
        fields = self._fields(self.record, "ExecutionRecord", "")
        media = made_media(self.record, self.view, self.ways.clean, self.ways.notes, fields["execution_id"])
        items = (self._item(place, item) for place, item in enumerate(self.record.items))
        parts: dict[str, Any] = {
            "items": tuple(media.put_into(place, item) for place, item in enumerate(items)),
            "spans": tuple(self._span(place, span) for place, span in enumerate(self.record.spans)),
            "attachments": media.attachments,
        }
        annotation = self._annotation(self.record.annotation) if isinstance(self.record, Annotated) else None
        left_out, redactions = self.ways.notes.left_out, dict(sorted(self.ways.notes.redactions.items()))
        said = {**_made_under(self.privacy), "redactions": redactions, "left_out": len(left_out)}
        metadata = {**fields.pop("metadata"), "privacy": said}
        record = ExecutionRecord(**fields, **parts, metadata=metadata)
        made = record if annotation is None else annotated(record, annotation)
        return Deidentified(made, left_out, redactions)

    def _annotation(self, annotation: Annotation) -> Annotation:
        profile = self.privacy.profile
        fields = self._fields(annotation, "Annotation", "annotation.")
        variables = tuple(one for one in annotation.variables if one.may_leave(profile))
        declared = {one.name: annotation.values[one.name] for one in variables if one.name in annotation.values}
        if len(declared) < len(annotation.values):
            self.ways.notes.leave_out("annotation.values", NOT_LISTED, len(annotation.values) - len(declared))
        return Annotation(
            **fields,
            values={name: self._value(value, f"annotation.{name}") for name, value in declared.items()},
            variables=variables,
        )

    def _value(self, value: Any, place: str) -> Any:
        return self.ways.plain.value(value, place) if isinstance(value, str) else value

    def _item(self, place: int, item: ExecutionItem) -> ExecutionItem:
        made = ExecutionItem(**self._fields(item, "ExecutionItem", f"items[{place}]."))
        is_error = item.item_type in FAILURE_TYPES and item.content is not None
        if is_error and self.privacy.profile == Profile.PUBLIC:
            self.ways.notes.leave_out(f"items[{place}].content", NOT_LISTED)
            return replace(made, content=None)
        return made

    def _span(self, place: int, span: SpanRecord) -> SpanRecord:
        return SpanRecord(**self._fields(span, "SpanRecord", f"spans[{place}]."))

    def _fields(self, part: Any, kind: str, place: str) -> dict[str, Any]:
        walk = self.ways.blocked if self._holds_blocked(part) else self.ways.plain
        return self.ways.fields(part, fields_of(self.privacy.profile, kind), place, walk)

    def _holds_blocked(self, part: Any) -> bool:
        """Whether a check said no to an item, or its message, or that of an error, may repeat what one said no to."""
        if not isinstance(part, ExecutionItem):
            return False
        if part.item_type in FAILURE_TYPES:
            return self.view.holds_blocked
        return part.item_type in BLOCKED_TYPES or self.view.is_blocked(part)
