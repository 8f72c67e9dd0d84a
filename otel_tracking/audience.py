"""What is shown to whom: the one policy of documents, pages, live streams and what viewers of traces are sent.

`RULES` says for each kind of content and each audience when it is shown; `view.py` asks them of a run's items.
`docs/educational-ui.md` has the table for people, and a test holds that it is this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Audience(StrEnum):
    """For whom something is shown. The public is whoever looks at traces: their viewers ask nobody who they are."""

    RESEARCHER = "researcher"
    TEACHER = "teacher"
    STUDENT = "student"
    PUBLIC = "public"


AUDIENCES_OF_DOCUMENTS = (Audience.RESEARCHER.value, Audience.STUDENT.value)


class Content(StrEnum):
    """What there is to see of a run."""

    WRITTEN = "what a person wrote"
    GIVEN = "a picture that was given"
    TRANSLATED = "its translation"
    EARLY = "anything else in stage 1"
    HOP = "a hop"
    LAST_HOP = "the last hop"
    FINAL_TEXT = "the final text"
    MADE = "what was made"
    VERDICT = "the verdict of a check"
    OTHER = "any other item"
    REASON = "the reason of a block"
    TERMS = "the terms that a check found"
    CONCERN = "a concern for whoever wrote it"
    ERROR = "an error message"
    AIDS = "languages, size and seed"
    PARAMETERS = "other parameters"
    CALL = "a call to an engine"
    PERSON = "whose run and device it is"
    SITTING = "which sitting and study it is"
    REMARK = "what researchers said of it since"


class Rule(StrEnum):
    """When something is shown."""

    ALWAYS = "always"
    NEVER = "never"
    ALIAS = "as an alias"
    AS_IT_COMES = "as it comes"
    AFTER_STAGE_1 = "after stage 1"
    AFTER_STAGE_3 = "after stage 3"
    AFTER_OUTPUT = "after its output"
    AFTER_RUN = "after the run"


class Decision(StrEnum):
    """What becomes of something that is there to be shown."""

    SHOWN = "shown"
    HELD = "held"
    WITHHELD = "withheld"


_RESEARCHER = dict.fromkeys(Content, Rule.ALWAYS)
_TEACHER = dict.fromkeys(Content, Rule.ALWAYS) | dict.fromkeys(
    (Content.ERROR, Content.PARAMETERS, Content.CALL, Content.PERSON, Content.SITTING, Content.REMARK), Rule.NEVER
)
_PUBLIC = dict.fromkeys(Content, Rule.AFTER_RUN) | {
    Content.PERSON: Rule.ALIAS,
    Content.SITTING: Rule.ALWAYS,
    Content.CONCERN: Rule.NEVER,
    Content.REMARK: Rule.NEVER,
}
_STUDENT = {
    Content.WRITTEN: Rule.AFTER_STAGE_1,
    Content.GIVEN: Rule.AFTER_STAGE_1,
    Content.TRANSLATED: Rule.AFTER_STAGE_1,
    Content.EARLY: Rule.AFTER_STAGE_1,
    Content.HOP: Rule.AS_IT_COMES,
    Content.LAST_HOP: Rule.AFTER_STAGE_3,
    Content.FINAL_TEXT: Rule.AFTER_STAGE_3,
    Content.MADE: Rule.AFTER_OUTPUT,
    Content.VERDICT: Rule.ALWAYS,
    Content.OTHER: Rule.AS_IT_COMES,
    Content.REASON: Rule.NEVER,
    Content.TERMS: Rule.NEVER,
    Content.CONCERN: Rule.NEVER,
    Content.ERROR: Rule.NEVER,
    Content.AIDS: Rule.ALWAYS,
    Content.PARAMETERS: Rule.NEVER,
    Content.CALL: Rule.NEVER,
    Content.PERSON: Rule.NEVER,
    Content.SITTING: Rule.NEVER,
    Content.REMARK: Rule.NEVER,
}
RULES: Mapping[Audience, Mapping[Content, Rule]] = {
    Audience.RESEARCHER: _RESEARCHER,
    Audience.TEACHER: _TEACHER,
    Audience.STUDENT: _STUDENT,
    Audience.PUBLIC: _PUBLIC,
}

PERSONS = frozenset({"user_id", "device_id"})
"""Fields that say who or whose device it was."""

CONCERNS = "concerns"
"""What a check says of whoever wrote a text (`self_harm`), under this name in its metadata and its answer."""

AIDS = (
    *("from_lang", "to_lang", "language", "input_language", "words", "unknown_words"),
    *("safe", "width", "height", "seed", "duration_seconds"),
)
"""Parameters that a text or picture wants said beside it, for everybody."""
