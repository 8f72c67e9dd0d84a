"""What an audience sees of one run at one moment, asked item by item.

For students: nothing that a check said no to, in any language, and nothing that no check has looked at. A prompt that
stage 1 blocked, with the pictures given with it; the text that stage 3 blocked, unless another check let the same text
through, and the texts that it is a translation of; media of an output that was blocked after it was made; everything
of a run that went without checks.

A page that shows a text and takes it back has shown it. So while a run goes on a prompt waits for the check of stage 1,
the final text for that of stage 3, and a picture for the end of its output. A prompt that is passed on, as it is or
translated, is that final text. The hops of a journey are what a class watches: they are shown as they come.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.audience import RULES, Audience, Content, Decision, Rule
from otel_tracking.plan import hops_in, is_passed_on, plan_of
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import (
    BLOCKED_TYPES,
    CHECK_TYPES,
    FAILURE_TYPES,
    MARKER_TYPES,
    OUTPUT_TYPES,
    STAGE_NAMES,
    ItemType,
)

CHECKED_LEVELS = frozenset({"kids", "youth"})
"""Safety levels that have checks; `off` says that there were none, and of others nothing is known."""

BLOCKED, STAGE_1, UNFINISHED = "blocked", "stage_1", "unfinished"
"""Why the public gets no texts of a run: it was blocked, ended in stage 1, or had not ended when it was shown."""

MESSAGES = BLOCKED_TYPES | FAILURE_TYPES
"""What these say is for developers, and may repeat what was blocked."""

_OF_STAGE_1: Mapping[str, Content] = {
    ItemType.USER_INPUT_TEXT: Content.WRITTEN,
    ItemType.USER_INPUT_IMAGE: Content.GIVEN,
    ItemType.TRANSLATION_RESULT: Content.TRANSLATED,
}
_TRANSLATIONS = frozenset({ItemType.TRANSLATION_RESULT, ItemType.INTERCEPTION_ITERATION})


def is_quiet(item: ExecutionItem, audience: str) -> bool:
    """Whether an item only marks the way; for students nothing that is said with it counts."""
    return item.item_type in MARKER_TYPES and (audience == Audience.STUDENT or not (item.content or item.media))


def view_of(record: ExecutionRecord, audience: str) -> View:
    """What an audience sees of a run, be it over or under way. Raises `ValueError` where there is no such audience."""
    return View(record, Audience(audience))


class View:
    """What one audience sees of one run at one moment, to be asked item by item."""

    def __init__(self, record: ExecutionRecord, audience: Audience) -> None:
        self.audience = audience
        self._record, self._rules = record, RULES[audience]

    def decide(self, item: ExecutionItem) -> Decision:
        """What becomes of content and medium of an item."""
        rule = self._rules[self._content(item)]
        if rule in (Rule.ALWAYS, Rule.NEVER):
            return Decision.SHOWN if rule == Rule.ALWAYS else Decision.WITHHELD
        if rule == Rule.AFTER_RUN:
            return {"": Decision.SHOWN, UNFINISHED: Decision.HELD}.get(self._why_not_public, Decision.WITHHELD)
        if self._waits(item, rule):
            return Decision.HELD
        return Decision.WITHHELD if self.is_unchecked or self.is_blocked(item) else Decision.SHOWN

    def shows(self, item: ExecutionItem) -> bool:
        """Whether content and medium of an item may be shown now."""
        return self.decide(item) == Decision.SHOWN

    def why(self, item: ExecutionItem) -> str:
        """The word of documents that says why an item is not shown; empty for one that is.

        A message for developers is left out without a word: that there was trouble, or a block, is shown.
        """
        if self.shows(item) or (item.item_type in MESSAGES and not (item.media or item.file_path)):
            return ""
        return "unchecked" if self.is_unchecked else "withheld"

    def is_for(self, content: Content) -> bool:
        """Whether the audience ever sees such a thing."""
        return self._rules[content] != Rule.NEVER

    @property
    def holds_texts(self) -> bool:
        """Whether texts may be among what is not shown now."""
        if self.audience != Audience.STUDENT:
            return False
        return self._prompt_waits or self._text_waits or self.is_unchecked or bool(self._refused_texts)

    @cached_property
    def is_unchecked(self) -> bool:
        """Whether the run's level says that nothing is checked; or says nothing, and no check is recorded."""
        level = self._record.safety_level
        if isinstance(level, str) and level.strip().lower() in {"off", *CHECKED_LEVELS}:
            return level.strip().lower() == "off"
        return not self._record.items_of(*CHECK_TYPES, *BLOCKED_TYPES)

    def is_blocked(self, item: ExecutionItem) -> bool:
        """Whether a check said no to what an item holds, whoever asks, and whether or not others were checked."""
        if item.stage == 1 and self._is_blocked_at_start:
            return True
        return self._is_of_blocked_output(item) or self._is_refused_text(item)

    @property
    def holds_blocked(self) -> bool:
        """Whether there are texts that a check said no to."""
        return bool(self._blocked_texts)

    def blocks(self, text: str) -> bool:
        """Whether a text, from anywhere in the run, holds one that a check said no to."""
        told = _plain(text) if self._blocked_texts else ""
        return any(blocked in told for blocked in self._blocked_texts)

    def _content(self, item: ExecutionItem) -> Content:
        if item.item_type in MESSAGES:
            return Content.REASON if item.item_type in BLOCKED_TYPES else Content.ERROR
        if item.item_type in CHECK_TYPES and not (item.media or item.file_path or item.content is not None):
            return Content.VERDICT
        if item.item_type in OUTPUT_TYPES:
            return Content.MADE
        if item.stage == 1:
            return _OF_STAGE_1.get(item.item_type, Content.EARLY)
        if item.item_type == ItemType.INTERCEPTION_ITERATION:
            return Content.LAST_HOP if item.stage_iteration == hops_in(self._plan) else Content.HOP
        return Content.FINAL_TEXT if item.item_type == ItemType.INTERCEPTION_FINAL else Content.OTHER

    def _waits(self, item: ExecutionItem, rule: Rule) -> bool:
        """Whether the check that an item waits for has yet to speak."""
        if rule == Rule.AFTER_STAGE_1:
            has_text = item.content is not None
            if self._prompt_waits:
                return has_text or item.media is not None
            # What stage 3 looks at is this very text, or its translation.
            return has_text and self._text_waits and is_passed_on(self._plan)
        if rule == Rule.AFTER_STAGE_3:
            return self._text_waits
        return rule == Rule.AFTER_OUTPUT and item.loop_iteration in self._open_outputs

    @cached_property
    def _plan(self) -> Mapping[str, Any]:
        return plan_of(self._record)

    @cached_property
    def _prompt_waits(self) -> bool:
        return not (self._record.has_ended or is_let_through(self._record))

    @cached_property
    def _text_waits(self) -> bool:
        is_checked = bool(self._record.items_of(ItemType.STAGE3_SAFETY_CHECK))
        return bool(self._plan) and not self._record.has_ended and not is_checked

    @cached_property
    def _open_outputs(self) -> frozenset[int | None]:
        if self._record.has_ended:
            return frozenset()
        outputs = [span for span in self._record.spans if span.name == names.OUTPUT_SPAN]
        return frozenset(span.loop_iteration for span in outputs if span.execution_time is None)

    @cached_property
    def _why_not_public(self) -> str:
        record = self._record
        has_failed = any(span.name == STAGE_NAMES[1] and span.error for span in record.spans)
        # Who looks at traces is told what was blocked, and not at which level a run was made.
        places = [(item.item_type, item.stage) for item in record.items]
        return why_not_public(places, has_failed_early=has_failed, is_over=record.has_ended)

    def _is_of_blocked_output(self, item: ExecutionItem) -> bool:
        is_made = item.stage == 4 or item.item_type in OUTPUT_TYPES
        return is_made and item.loop_iteration in self._blocked_outputs

    def _is_refused_text(self, item: ExecutionItem) -> bool:
        if not self._refused_texts or item.content is None:
            return False
        told = _plain(item.content)
        return any(text in told for text in self._refused_texts)

    @cached_property
    def _is_blocked_at_start(self) -> bool:
        return bool(self._record.items_of(ItemType.STAGE1_BLOCKED))

    @cached_property
    def _blocked_outputs(self) -> frozenset[int | None]:
        return frozenset(item.loop_iteration for item in self._record.items_of(ItemType.OUTPUT_BLOCKED))

    @cached_property
    def _blocked_texts(self) -> frozenset[str]:
        """Texts that were refused, those of a stage 1 that blocked the run, and those of outputs that were blocked."""
        told_of = [item for item in self._record.items if item.item_type not in MESSAGES]
        early = [item for item in told_of if item.stage == 1 and self._is_blocked_at_start]
        made = [item.content for item in told_of if self._is_of_blocked_output(item)]
        told = [*made, *(text for item in early for text in (item.content, item.input_text))]
        return self._refused_texts | {_plain(text) for text in told if text is not None} - {""}

    @cached_property
    def _refused_texts(self) -> frozenset[str]:
        """What stage 3 said no to, unless another check let the same text through."""
        checks = self._record.items_of(ItemType.STAGE3_SAFETY_CHECK)
        refused, passed = (
            {_plain(text) for check in checks if verdict_of(check) is safe for text in _given_to(check)}
            for safe in (False, True)
        )
        return _with_sources(refused - passed - {""}, self._record)


def verdict_of(item: ExecutionItem) -> bool | None:
    """What a check said: whether its text or picture is safe; None where it does not say, or is no check."""
    said = item.metadata.get("safe") if item.item_type in CHECK_TYPES and isinstance(item.metadata, Mapping) else None
    return said if isinstance(said, bool) else None


def is_let_through(record: ExecutionRecord) -> bool:
    """Whether stage 1 has let the prompt through."""
    later = any(item.stage in (2, 3, 4) for item in record.items)
    return later or any(verdict_of(check) for check in record.items_of(ItemType.STAGE1_SAFETY_CHECK))


def why_not_public(places: Iterable[tuple[Any, Any]], *, has_failed_early: bool = False, is_over: bool = True) -> str:
    """Why the public gets no texts of a run, empty where it does: a check said no, or it ended before stage 1 said yes.

    `places` are the types and stages of its items; `has_failed_early` says that stage 1 itself failed.
    """
    found = list(places)
    if any(item_type in BLOCKED_TYPES for item_type, _ in found):
        return BLOCKED
    ended_early = any(item_type == ItemType.PIPELINE_ERROR and stage in (None, 0, 1) for item_type, stage in found)
    if has_failed_early or ended_early:
        return STAGE_1
    return "" if is_over else UNFINISHED


def _given_to(check: ExecutionItem) -> Iterable[Any]:
    """The text that a check looked at; several, where an earlier recorder did not say which of them."""
    given = check.input_text
    return filter(None, given if isinstance(given, list) else [given])


def _with_sources(texts: set[str], record: ExecutionRecord) -> frozenset[str]:
    """The texts, and those that they were translated from: they say the same in another language."""
    made_of = [item for item in record.items_of(*_TRANSLATIONS) if item.input_text and item.content] if texts else []
    # From the last one back, so that a whole journey is followed to where it began.
    for source, made in [(_plain(item.input_text), _plain(item.content)) for item in reversed(made_of)]:
        if made in texts and source:
            texts = {*texts, source}
    return frozenset(texts)


def _plain(value: Any) -> str:
    """A value as text in which spaces and capitals make no difference."""
    if not isinstance(value, str):
        value = json.dumps(json.loads(canonical.dumps(value), object_hook=_untagged), ensure_ascii=False)
    return " ".join(value.casefold().split())


def _untagged(found: dict[str, Any]) -> Any:
    """A value of canonical JSON as people read it: a tuple is a list, an odd text a text."""
    tag = next(iter(found)) if len(found) == 1 else ""
    if tag == "$str":
        return canonical.loads(json.dumps(found))
    return found[tag] if tag.startswith("$") else found
