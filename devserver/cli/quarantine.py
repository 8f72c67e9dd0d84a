"""Show what `collect` has set aside, and have it taken once more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from devserver.cli.complaints import FAILED
from devserver.cli.options import refuse
from devserver.cli.output import print_json
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say

if TYPE_CHECKING:
    from collectors.receiving import Aside

ALL = "all"


def list_quarantine(data_dir: Path, as_json: bool) -> int:
    """List the entries, oldest first; also while a collector is at work."""
    asides = _asides(data_dir)
    if as_json:
        print_json([{**asdict(aside), "time": _time(aside)} for aside in asides])
        return 0
    for aside in asides:
        spans = f"{count(aside.spans, 'span')} of {aside.trace_id}"
        say(safe_line(f"{aside.id}  {_time(aside)}  {aside.sender or '-'}  {spans}: {aside.reason}"))
    say(f"{count(len(asides), 'trace')} set aside" if asides else "Nothing is set aside.")
    return 0


def list_table_quarantine(table: str, as_json: bool) -> int:
    """List what a table of many servers holds beside its records; also while workers are at work."""
    from exporters.delta.asides import not_ended, set_aside
    from exporters.delta.tables import DeltaStore

    store = DeltaStore(table)
    store.open("executions")
    asides, runs = set_aside(store), not_ended(store)
    if as_json:
        print_json({"set_aside": [one._asdict() for one in asides], "not_ended": [one._asdict() for one in runs]})
        return 0
    for one in asides:
        place = f"{one.topic}/{one.partition} at {one.offset}"
        say(safe_line(f"{place}  {one.trace_id or '-'}  {count(one.bytes or 0, 'byte')}: {one.reason}"))
    for one in runs:
        say(safe_line(f"{one.date}  {one.trace_id}: {one.reason}"))
    if asides or runs:
        say(f"{len(asides)} set aside, {count(len(runs), 'run')} that did not end")
    else:
        say("Nothing is set aside.")
    return 0


def retry(data_dir: Path, wanted: Sequence[str], as_json: bool) -> int:
    """Take entries once more, as they came; 1 where some are set aside again."""
    from devserver.wiring import open_collector

    chosen = _chosen(_asides(data_dir), wanted)
    collector = open_collector(data_dir)
    try:
        for aside in chosen:
            collector.take_up(aside)
    finally:
        all_written = collector.close()
    again = {aside.id for aside in collector.quarantine.asides} & {aside.id for aside in chosen}
    if as_json:
        print_json({**collector.health(), "retried": len(chosen), "set_aside_again": sorted(again)})
    else:
        say(f"{count(len(chosen), 'trace')} taken once more, {len(again)} set aside again")
    return 0 if all_written and not again else FAILED


def _asides(data_dir: Path) -> list[Aside]:
    from collectors.receiving import read_asides

    return read_asides(data_dir / "collect" / "quarantine")


def _chosen(asides: Iterable[Aside], wanted: Sequence[str]) -> list[Aside]:
    asides = list(asides)
    for name in wanted:
        if name != ALL and not any(name in (aside.id, aside.trace_id) for aside in asides):
            raise refuse(f"nothing that is set aside is called {name!r:.60}; collect --quarantine lists what there is.")
    return [aside for aside in asides if ALL in wanted or aside.id in wanted or aside.trace_id in wanted]


def _time(aside: Aside) -> str:
    return dt.datetime.fromtimestamp(aside.time, dt.UTC).isoformat(timespec="seconds")
