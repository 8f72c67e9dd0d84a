"""Tell what researchers said of a run since: its marks in words, the note, and each variable that has a value."""

from __future__ import annotations

from collections.abc import Mapping

from exporters.remarks.annotated import Annotation
from exporters.remarks.variables import written
from exporters.story.parts import Parameter
from exporters.story.readable import visible, visible_line


def remarks_in_words(annotation: Annotation, words: Mapping[str, str]) -> tuple[Parameter, ...]:
    """All that was said, with the labels of the code book; nothing where nothing was."""
    marks = marks_in_words(annotation, words)
    told = {words["marked as"]: marks, words["note"]: annotation.note or ""}
    values = [
        Parameter(visible_line(one.label or one.name), visible(written(annotation.values[one.name])))
        for one in annotation.variables
        if one.name in annotation.values
    ]
    return (*(Parameter(name, visible(text)) for name, text in told.items() if text), *values)


def marks_in_words(annotation: Annotation, words: Mapping[str, str]) -> str:
    """`test, excluded`: what a run is marked as; empty where it is not."""
    marks = {"mark test": annotation.is_test, "mark exclude": annotation.is_excluded}
    return ", ".join(words[name] for name, is_set in marks.items() if is_set)
