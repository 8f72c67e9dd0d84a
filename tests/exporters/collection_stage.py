"""Collections as tests look at them: written in memory, opened, and their parts by name."""

import io
import os
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from exporters.collections import COLLECTIONS, CollectionOptions

PROJECT = "{urn:QDA-XML:project:1.0}"
SCHEMAS = Path(os.environ.get("OTEL_TRACKING_SCHEMAS") or Path(__file__).parents[3] / "shared" / "schemas")


def written(name, records, **options):
    """The bytes of a collection."""
    file = io.BytesIO()
    COLLECTIONS[name].write(records, file, CollectionOptions(**options))
    return file.getvalue()


def files_of(content):
    """The parts of a package by their names."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        names = package.namelist()
        assert len(names) == len(set(names))
        return {name: package.read(name) for name in names}


@dataclass
class Opened:
    """A project that was opened."""

    qde: bytes
    root: ElementTree.Element
    files: dict

    def all(self, tag):
        return list(self.root.iter(f"{PROJECT}{tag}"))

    def text_of(self, source):
        """The text of a source or note, as programs read it."""
        return self.files[f"Sources/{source.get('plainTextPath').removeprefix('internal://')}"].decode()

    def codes(self):
        return {code.get("guid"): code.get("name") for code in self.all("Code")}

    def codings(self, source):
        """The selected texts of a source with the names of their codes."""
        text, names = self.text_of(source), self.codes()
        return [
            (
                text[int(selection.get("startPosition")) : int(selection.get("endPosition"))],
                {names[code.get("targetGUID")] for code in selection.iter(f"{PROJECT}CodeRef")},
            )
            for selection in source.iter(f"{PROJECT}PlainTextSelection")
        ]

    def values(self, of):
        """The variables of a case or source that have a value."""
        names = {variable.get("guid"): variable.get("name") for variable in self.all("Variable")}
        return {names[value[0].get("targetGUID")]: value[1].text for value in of.findall(f"{PROJECT}VariableValue")}

    def guids(self):
        """Everything that has one, by it; each is there once."""
        found = [(one.get("guid"), one.tag.removeprefix(PROJECT)) for one in self.root.iter() if one.get("guid")]
        twice = [guid for guid, count in Counter(guid for guid, _ in found).items() if count > 1]
        assert not twice
        return dict(found)


def opened(records, **options):
    """The project of these records."""
    files = files_of(written("qdpx", records, **options))
    qde = files.pop("project.qde")
    return Opened(qde, ElementTree.fromstring(qde), files)


def schema():
    """The schema of REFI-QDA that nobody here wrote; the test is skipped, visibly, where it is not at hand."""
    from lxml import etree

    path = SCHEMAS / "REFI-QDA-Project-1.0.xsd"
    if not path.is_file():
        pytest.skip(f"{path} is not there; OTEL_TRACKING_SCHEMAS names another folder")
    return etree.XMLSchema(etree.parse(path))
