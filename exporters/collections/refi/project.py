"""Runs as a REFI-QDA project (`.qdpx`): each a case with variables, its texts and media sources, coded by the taxonomy.

Sources go into the package as runs come; what is said of them waits in files, because the code book stands before them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import IO, BinaryIO
from xml.etree.ElementTree import Element

from exporters.collections.facts import facts_of
from exporters.collections.names import UniqueNames, file_name
from exporters.collections.options import CollectionOptions
from exporters.collections.package import new_package, part
from exporters.collections.refi.codebook import CodeBook
from exporters.collections.refi.elements import USER, date_time, element, reference, xml_of
from exporters.collections.refi.media import NOTE, media_of
from exporters.collections.refi.origin import head
from exporters.collections.refi.runs import CaseRun, CaseRuns
from exporters.collections.refi.sessions import SessionTexts
from exporters.collections.refi.sources import Coded, Source, coded_journey, text_source
from exporters.collections.refi.variables import Known, case_values, said_of, variables
from otel_tracking.record import ExecutionRecord

_CODER = "otel-tracking"
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
_SECTIONS = ("Cases", "Sources", "Notes")
"""In the order of the schema; one without a child must not be there."""


def write(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A project of these records."""
    with contextlib.ExitStack() as files, new_package(file) as package:
        project = _Project(package, options, {name: files.enter_context(TemporaryFile()) for name in _SECTIONS})
        for record in records:
            project.add(record)
        project.finish()


class _Project:
    """A project that grows run by run."""

    def __init__(self, package: zipfile.ZipFile, options: CollectionOptions, sections: dict[str, IO[bytes]]) -> None:
        self._package, self._options, self._sections = package, options, sections
        self._book, self._names = CodeBook(options.language), UniqueNames()
        self._runs, self._sessions = CaseRuns(), SessionTexts(options)
        self._said: Known = {}
        self._began: dt.datetime | None = None

    def add(self, record: ExecutionRecord) -> None:
        """Write what belongs to a run."""
        run = self._runs.of(record)
        self._said = self._said or said_of(record)
        self._began = min(self._began or record.timestamp, record.timestamp)
        sources = [self._keep(source) for source in self._sources(run)]
        answer = self._sessions.add(run)
        content = [
            *case_values(facts_of(record, run.journey), self._said),
            *(reference("SourceRef", own) for own in sources if own),
            *([reference("SelectionRef", answer.guid)] if answer else []),
        ]
        self._say("Cases", element("Case", content, guid=run.guid, name=run.name))

    def finish(self) -> None:
        """Write what belongs to all runs."""
        for source in self._sessions.sources(self._book, self._names):
            self._keep(source)
        with self._package.open(part("project.qde"), "w") as qde:
            began = date_time(self._began or _EPOCH)
            qde.write(
                head("Project", "project", name=self._options.title, creatingUserGUID=USER, creationDateTime=began)
            )
            qde.write(xml_of(element("Users", [element("User", guid=USER, name=_CODER)]), 1))
            qde.write(xml_of(element("CodeBook", [self._book.element()]), 1))
            qde.write(xml_of(variables(self._said), 1))
            for name, section in self._sections.items():
                _copy(name, section, qde)
            qde.write(b"</Project>\n")

    def _sources(self, run: CaseRun) -> Iterator[Source]:
        coded = coded_journey(run.key, run.journey, self._options.language)
        if self._options.texts == "journey" and coded:
            values = run.values(item_type="journey")
            yield text_source(("journey", *run.key), self._names.give(run.name), coded, self._book, values)
        elif coded:
            yield from self._texts_alone(run, coded)
        yield from media_of(run, self._book, self._names, self._options.language)

    def _texts_alone(self, run: CaseRun, coded: Sequence[Coded]) -> Iterator[Source]:
        """A source for each text of a journey, with nothing in it but the text."""
        for place, one in enumerate(coded, start=1):
            text = one.text
            alone = Coded(("alone", *run.key, place), "", text)
            name = self._names.give(file_name(f"{run.name} {place:02d} {text.item_types[0]}"))
            values = run.values(item_type=text.item_types[0], language=text.spoken, hop=text.hop)
            yield text_source(("alone", *run.key, place), name, [alone], self._book, values)

    def _keep(self, source: Source) -> str | None:
        """Write a source; its guid where a case may point to it."""
        self._package.writestr(part(source.file, pressed=source.is_pressed), source.content)
        is_note = source.element.tag == NOTE
        self._say("Notes" if is_note else "Sources", source.element)
        return None if is_note else source.guid

    def _say(self, section: str, made: Element) -> None:
        self._sections[section].write(xml_of(made, 2))


def _copy(name: str, section: IO[bytes], qde: IO[bytes]) -> None:
    if section.tell():
        section.seek(0)
        qde.write(f"  <{name}>\n".encode())
        shutil.copyfileobj(section, qde)
        qde.write(f"  </{name}>\n".encode())
