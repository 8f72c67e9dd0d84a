"""The answers of a session together: one text, in which every run is one paragraph."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.collections.journey import final_of, label_of, prompt_of
from exporters.collections.names import UniqueNames, file_name
from exporters.collections.options import CollectionOptions
from exporters.collections.refi.codebook import CodeBook
from exporters.collections.refi.runs import CaseRun
from exporters.collections.refi.sources import Coded, Source, text_source
from exporters.collections.refi.variables import source_values
from exporters.story.parts import joined
from exporters.story.readable import visible_line

_ANSWERS = {"prompts": prompt_of, "final_texts": final_of}


class SessionTexts:
    """Collects the answers of sessions, where they are asked for; texts only, until they are written."""

    def __init__(self, options: CollectionOptions) -> None:
        self._answer, self._language = _ANSWERS.get(options.classes), options.language
        self._coded: dict[str, list[Coded]] = {}

    def add(self, run: CaseRun) -> Coded | None:
        """The answer of a run; None where it has none or belongs to no session."""
        session = visible_line(run.record.session_id) if run.record.session_id is not None else ""
        answer = self._answer(run.journey) if self._answer and session else None
        if answer is None:
            return None
        label = joined(run.name, label_of(answer, self._language))
        coded = Coded(("session", session, *run.key), label, answer)
        self._coded.setdefault(session, []).append(coded)
        return coded

    def sources(self, book: CodeBook, names: UniqueNames) -> Iterator[Source]:
        """A text for each session, in the order in which they began."""
        for session, coded in self._coded.items():
            values = source_values(session_id=session, item_type="session")
            yield text_source(("session", session), names.give(file_name(session)), coded, book, values)
