"""Say how a dataset is cited, for programs: `CITATION.cff` and `datacite.json`."""

from __future__ import annotations

import json
from typing import Any

from exporters.dataset.about import About
from exporters.dataset.authors import Author
from exporters.dataset.licences import Licence

UNKNOWN = "(:unav)"
"""What DataCite wants to stand where a value that it needs is not known."""

_NOT_IN_CFF = frozenset({"DL-DE-BY-2.0", "DL-DE-ZERO-2.0"})
"""SPDX ids that came after the list in CFF 1.2.0."""


def citation_cff(about: About) -> bytes | None:
    """Citation File Format 1.2.0 (https://citation-file-format.github.io); None without authors, which it wants."""
    people, terms = about.description.people, about.description.terms
    if not people:
        return None
    lines = [
        "cff-version: 1.2.0",
        'message: "Please cite this dataset as below."',
        "type: dataset",
        f"title: {_quoted(about.description.title)}",
        f"abstract: {_quoted(about.sentence)}",
        "authors:",
        *(line for author in people for line in _author_lines(author)),
        *_licence_lines(terms),
    ]
    return ("\n".join(lines) + "\n").encode()


def datacite_json(about: About) -> bytes:
    """What a repository asks for before it gives a DOI, by the JSON schema of DataCite 4.5.

    The publisher, and authors where none were named, are not known: `UNKNOWN` stands for them until they are filled in.
    """
    terms = about.description.terms
    said: dict[str, Any] = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "types": {"resourceType": "Dataset", "resourceTypeGeneral": "Dataset"},
        "titles": [{"title": about.description.title}],
        "creators": [_creator(author) for author in about.description.people] or [{"name": UNKNOWN}],
        "publisher": {"name": UNKNOWN},
        "publicationYear": about.day[:4],
        "dates": [{"date": about.period, "dateType": "Collected"}] if about.period else [],
        "descriptions": [{"description": about.sentence, "descriptionType": "Abstract"}],
        "formats": ["application/vnd.apache.parquet", "text/csv"],
        "rightsList": [_rights(terms)] if terms else [],
    }
    kept = {name: value for name, value in said.items() if value}
    return (json.dumps(kept, indent=2, ensure_ascii=False) + "\n").encode()


def _author_lines(author: Author) -> list[str]:
    """One author; whoever has a comma in the name is a person, of others it is not known which part is which."""
    named = {"family-names": author.family, "given-names": author.given} if author.family else {"name": author.name}
    at = {"affiliation": author.affiliation} if author.family else {}
    said = [f"{key}: {_quoted(value)}" for key, value in {**named, **at, "orcid": author.orcid}.items() if value]
    return [f"{'  - ' if place == 0 else '    '}{line}" for place, line in enumerate(said)]


def _licence_lines(terms: Licence | None) -> list[str]:
    if terms is None:
        return []
    if terms.spdx and terms.spdx not in _NOT_IN_CFF:
        return [f"license: {terms.spdx}"]
    return [f"license-url: {_quoted(terms.url)}"] if terms.url else []


def _creator(author: Author) -> dict[str, Any]:
    identifier = {"nameIdentifier": author.orcid, "nameIdentifierScheme": "ORCID", "schemeUri": "https://orcid.org"}
    said = {
        "name": author.name,
        "nameType": "Personal" if author.family or author.orcid else None,
        "familyName": author.family,
        "givenName": author.given,
        "nameIdentifiers": [identifier] if author.orcid else None,
        "affiliation": [{"name": author.affiliation}] if author.affiliation else None,
    }
    return {name: value for name, value in said.items() if value}


def _rights(terms: Licence) -> dict[str, str]:
    spdx = {"rightsIdentifierScheme": "SPDX", "schemeUri": "https://spdx.org/licenses/"} if terms.spdx else {}
    said = {"rights": terms.name, "rightsUri": terms.url, "rightsIdentifier": terms.spdx, **spdx}
    return {name: value for name, value in said.items() if value}


def _quoted(text: str) -> str:
    """A text in YAML: in its double quotes it is written as in JSON."""
    return json.dumps(text, ensure_ascii=False)
