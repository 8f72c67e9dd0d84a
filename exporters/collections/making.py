"""Make one file of many stored runs, as they may leave: whole or not at all, and known to the ledger of exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Unpack

from exporters.collections import COLLECTIONS, CollectionFormat, CollectionOptions
from exporters.errors import NothingSelected, UnknownFormat, UnknownOption, listed, suggest
from exporters.privacy.exports_ledger import Export, ExportKind, run_ids
from exporters.privacy.way_out import WayOut, open_way_out
from exporters.storage.files import hidden, sync_directory
from exporters.storage.reading.damage import Damages, OnDamage
from exporters.storage.reading.records import ExecutionRow, chosen_executions, read_rows
from exporters.storage.reading.selection import Selection
from exporters.storage.writing.media import load_media
from otel_tracking.erasure import RunId
from otel_tracking.record import ExecutionRecord

_KNOWN = ", ".join(sorted(COLLECTIONS))
_NOT_OF_ALL = ("audience", "compare", "titles", "pages")
Progress = Callable[[int, int], None]
"""Told how many runs are written, and how many there are."""


@dataclass(frozen=True, slots=True)
class CollectionMade:
    """A collection that was made: where, and of how many runs."""

    path: Path
    runs: int


def collection_named(name: str) -> CollectionFormat:
    """The format of that name; `UnknownFormat` names those there are, `MissingExtra` what to install for it."""
    if name not in COLLECTIONS:
        raise UnknownFormat(f"no collection is called {name!r:.40}.{suggest(name, COLLECTIONS)} There are: {_KNOWN}")
    form = COLLECTIONS[name]
    if form.extra:
        form.extra.check()
    return form


def check_options(form: CollectionFormat, format_name: str, options: CollectionOptions) -> None:
    """Raise `UnknownOption` for an option that other formats have, such as an audience, and this one has not."""
    usual = CollectionOptions()
    wanted = [name for name in _NOT_OF_ALL if getattr(options, name) != getattr(usual, name)]
    for option in wanted:
        if option not in form.options:
            those = listed([name for name, one in COLLECTIONS.items() if option in one.options])
            raise UnknownOption(f"{format_name} has no {option}: {those} do")


def format_of(out: Path) -> str:
    """The format that the name of a file ends like; a project for qualitative analysis where it has no ending.

    `UnknownFormat` for an ending of no format: nobody should get a project in a file that is called `class.pfd`.

    >>> format_of(Path("class.pdf")), format_of(Path("texts.docx.zip")), format_of(Path("garden"))
    ('pdf', 'coding_docx', 'qdpx')
    """
    named = next((name for name, form in COLLECTIONS.items() if out.name.lower().endswith(form.suffix)), None)
    if not named and out.suffix:
        endings = ", ".join(sorted(form.suffix for form in COLLECTIONS.values()))
        raise UnknownFormat(f"the ending of {out.name!r:.60} says nothing of a form; {endings} would work, or --format")
    return named or "qdpx"


def make_collection(
    data_dir: str | Path,
    out: str | Path,
    format_name: str,
    *,
    options: CollectionOptions | None = None,
    way_out: WayOut | None = None,
    executions: Collection[RunId] | None = None,
    progress: Progress | None = None,
    on_damage: OnDamage | None = None,
    **selection: Unpack[Selection],
) -> CollectionMade:
    """The wanted runs that may leave, earliest first, as one file at `out`; a file that is there is replaced.

    Keywords are those of `Selection`; `executions` are wanted runs by their ids. Raises what `collection_named` does,
    `NothingSelected` where there is no such run, `UnknownOption` for an option that the format has not, and
    `ErasedMeanwhile` where a run was erased while it was made. Runs of which a file is damaged are left out and told to
    `on_damage`; without it, damage is a `BrokenFile` and no file.
    """
    data_dir, out, form = Path(data_dir), Path(out).expanduser().absolute(), collection_named(format_name)
    way_out = way_out or open_way_out(data_dir, with_marked=executions is not None)
    damages, options = Damages(), options or CollectionOptions()
    check_options(form, format_name, options)
    rows = chosen_executions(data_dir, executions, on_damage=damages, **selection)
    wanted = sorted(filter(way_out.lets_out, rows), key=lambda row: (row.timestamp, row.execution_id))
    if not wanted:
        raise NothingSelected(way_out.why_nothing("collection"))
    counts: Counter[str] = Counter()
    with hidden(out) as (file, appear):
        leaving = _leaving(data_dir, wanted, way_out, damages, counts, progress)
        if form.is_document:
            form.write(leaving, file, options, lambda: _said(way_out, damages))
        else:
            form.write(leaving, file, options)
        damages.pass_on(on_damage)
        with way_out.passing(_noted(out, format_name, wanted, way_out, options)):
            appear()
    sync_directory(out.parent)
    return CollectionMade(out, counts["runs"])


def _leaving(
    data_dir: Path,
    wanted: Sequence[ExecutionRow],
    way_out: WayOut,
    damages: Damages,
    counts: Counter[str],
    progress: Progress | None,
) -> Iterator[ExecutionRecord]:
    """The records with their media, as they leave, one at a time."""
    for done, (_, record) in enumerate(read_rows(data_dir, wanted, on_damage=damages), start=1):
        if record is not None:
            counts["runs"] += 1
            yield way_out.leaving(load_media(data_dir, record)).record
        if progress:
            progress(done, len(wanted))


def _said(way_out: WayOut, damages: Damages) -> dict[str, Any]:
    """What a document says of what left, and of what is not in it."""
    return {**way_out.statement(), "damaged": len({one.execution_id for one in damages if one.execution_id})}


def _noted(
    out: Path, format_name: str, wanted: Sequence[ExecutionRow], way_out: WayOut, options: CollectionOptions
) -> Export:
    """What the ledger knows of it, and how it is made again."""
    said: dict[str, Any] = {**asdict(options), "roster": way_out.roster}
    return Export(
        kind=ExportKind.COLLECTION,
        runs=run_ids(wanted),
        path=str(out),
        format=format_name,
        profile=way_out.profile.value,
        options=said,
    )
