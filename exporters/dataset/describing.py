"""Write the files that say what a dataset is, and its checksums: a row of `FILES` each."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from exporters.dataset.about import About
from exporters.dataset.analyses import ANALYSES
from exporters.dataset.citation import citation_cff, datacite_json
from exporters.dataset.crate.provenance import add_provenance, workflow_json
from exporters.dataset.crate.writing import WORKFLOW, Crate, add_files, add_runs
from exporters.dataset.croissant import croissant_json
from exporters.dataset.readme import ROWS, readme
from exporters.storage.files import replacing, write_file
from exporters.storage.tables.codebook import codebook_csv, codebook_json

CHECKSUMS = "SHA256SUMS"
CRATE = "ro-crate-metadata.json"
_UNFINISHED = re.compile(rf"\.{CHECKSUMS}\.[0-9a-f]{{8}}\.tmp")

Progress = Callable[[str, int, int], None]
Content = Callable[[Path, About], bytes | None]
"""What a file holds, made of the directory that has the files before it; None where there is nothing to say."""


def _query_json(_: Path, about: About) -> bytes:
    left_out = {"left_out": about.damaged} if about.damaged else {}
    said = {"query": about.query, "rows": about.rows, **left_out, "privacy": about.privacy}
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode()


def _licence(_: Path, about: About) -> bytes | None:
    return about.description.terms.text.encode() if about.description.terms else None


def crate_json(directory: Path, about: About) -> bytes:
    """What happened in the runs, as RO-Crate; the files are those in `directory`."""
    crate = Crate(about)
    add_files(crate, directory, DESCRIPTIONS)
    if about.crate == "provenance":
        add_provenance(crate, about.told)
    else:
        add_runs(crate, about.told.runs)
    return crate.rendered()


def _readme(directory: Path, about: About) -> bytes:
    there = {name: said for name, (said, _) in FILES.items() if name == CRATE or (directory / name).is_file()}
    return readme(about, there | {CHECKSUMS: "that nothing was changed"}).encode()


def _as_it_is(content: Callable[[], bytes], *_: object) -> bytes:
    return content()


FILES: dict[str, tuple[str, Content]] = {
    "codebook.csv": ("what every column means, for people", lambda directory, about: codebook_csv(about.tables)),
    "codebook.json": ("the same, for programs", lambda directory, about: codebook_json(about.tables)),
    "query.json": ("which runs were chosen, and under what they left", _query_json),
    "LICENSE": ("under which licence others may use this", _licence),
    "CITATION.cff": ("how to cite it, for programs", lambda directory, about: citation_cff(about)),
    "datacite.json": ("what a repository asks for, as DataCite 4.5", lambda directory, about: datacite_json(about)),
    "croissant.json": (
        "the tables and their columns, as Croissant 1.1",
        lambda directory, about: croissant_json(directory, about, about.tables, ROWS),
    ),
    **{name: (said, partial(_as_it_is, content)) for name, (said, content) in ANALYSES.items()},
    WORKFLOW: (
        "the stages of the pipeline, and the engines of each",
        lambda directory, about: workflow_json(about.told) if about.crate == "provenance" else None,
    ),
    "README.md": ("what this is, how to read it and how to cite it", _readme),
    # Last: it names the others.
    CRATE: ("what happened in the runs, as RO-Crate 1.1", crate_json),
}
"""The files beside the tables, in the order in which they are written: what each is, and what it holds."""

DESCRIPTIONS: dict[str, str] = {
    **{name: said for name, (said, _) in FILES.items()},
    **{f"{table}.{kind}": said for table, said in ROWS.items() for kind in ("parquet", "csv")},
    "media": "pictures, sounds and films; rows of items name them in file_path",
    "analyses": "example analyses: a script, the same as a notebook, and what they need",
}
"""What each file and folder of a dataset is, for the crate."""


def describe(directory: Path, about: About) -> None:
    """Write every file of `FILES` that has something to say."""
    for name, (_, content) in FILES.items():
        said = content(directory, about)
        if said is not None:
            write_file(directory / name, said)


def write_checksums(directory: Path, progress: Progress | None) -> str:
    """`SHA256SUMS`, which `sha256sum --check` reads, for every file below `directory`; its own sha256."""
    total, digest = sum(1 for _ in files_of(directory)), hashlib.sha256()
    with replacing(directory / CHECKSUMS) as file:
        for done, path in enumerate(files_of(directory), start=1):
            line = _line(_sha256(directory / path), path).encode()
            digest.update(line)
            file.write(line)
            if progress and (done % 100 == 0 or done == total):
                progress("checksums", done, total)
    return digest.hexdigest()


def files_of(directory: Path) -> Iterator[str]:
    """The paths of all finished files below a directory, relative to it, in their order."""
    for folder, folders, names in os.walk(directory):
        folders.sort()
        place = Path(folder).relative_to(directory)
        yield from (str(place / name) for name in sorted(names) if not _UNFINISHED.fullmatch(name))


def _line(digest: str, path: str) -> str:
    r"""A line of the list; as `sha256sum` writes a name that goes over several lines.

    >>> _line("ab", "media/a\nb.png")
    '\\ab  media/a\\nb.png\n'
    """
    plain = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{digest}  {path}\n" if plain == path else f"\\{digest}  {plain}\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
