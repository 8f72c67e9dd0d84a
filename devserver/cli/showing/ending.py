"""Say how a run ended: its status, its texts and files, where its record is, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from devserver.cli.showing.terminal_words import STATUS_SENTENCES, STATUS_STYLES
from devserver.cli.showing.text import count, safe_line, safe_text, shorten
from exporters.story.readable import seconds, size
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, Status

_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `record` is None where it is not stored yet; `health` is the recording's.

    `trace_url` is where a viewer shows the run, if it was sent to one; `trace_trouble` says why none does.
    """

    execution_id: str
    data_dir: Path
    record: ExecutionRecord | None
    error: str | None
    exit_code: int
    health: dict[str, Any]
    trace_url: str | None = None
    trace_trouble: str | None = None


def draw_ending(screen: Console, ending: Ending, *, was_watched: bool = False) -> None:
    """The last lines of a run; who watched it has read the reason of an early end and the final text already."""
    screen.print()
    if ending.record is None:
        _draw_not_stored(screen, ending)
        return
    record = ending.record
    text = final_text(record)
    if text is not None and not was_watched:
        screen.print(Text(shorten(safe_text(text), _LONGEST_TEXT), style="bold"))
    for item in media_items(record):
        screen.print(_file_line(item, ending.data_dir))
    screen.print(_status_line(record))
    reason = ending.error or _reason_of(record)
    if reason and record.status != Status.COMPLETED and not was_watched:
        screen.print(Text(f"   {safe_line(reason)}", style=_style(record)))
    contents = f"{count(len(record.items), 'item')}, {count(len(record.spans), 'span')}"
    screen.print(Text(f"{record.execution_id} is stored in {ending.data_dir} ({contents})", style="dim"))
    if ending.trace_url:
        screen.print(Text(f"trace {ending.trace_url}", style="dim"))
    if ending.trace_trouble:
        screen.print(Text(f"   {safe_line(ending.trace_trouble)}", style="yellow"))
    _draw_troubles(screen, ending.health)


def ending_as_dict(ending: Ending) -> dict[str, Any]:
    """The same for programs; `status` is null and `is_stored` false where the record is not safe yet."""
    record = ending.record
    return {
        "execution_id": ending.execution_id,
        "trace_id": record.trace_id if record else None,
        "trace_url": ending.trace_url,
        "trace_trouble": ending.trace_trouble,
        "status": str(record.status) if record else None,
        "is_stored": record is not None,
        "final_text": final_text(record) if record else None,
        "error": ending.error or (_reason_of(record) if record else None),
        "files": [_file_as_dict(item, ending.data_dir) for item in media_items(record)] if record else [],
        "total_execution_time": record.total_execution_time if record else None,
        "data_dir": str(ending.data_dir),
        "exit_code": ending.exit_code,
    }


def final_text(record: ExecutionRecord) -> str | None:
    """The text that stage 2 ended with."""
    texts = [item.content for item in record.items if item.item_type == ItemType.INTERCEPTION_FINAL]
    return str(texts[-1]) if texts else None


def media_items(record: ExecutionRecord) -> list[ExecutionItem]:
    """The items whose files are stored."""
    return [item for item in record.items if item.media and item.file_path]


def _draw_not_stored(screen: Console, ending: Ending) -> None:
    screen.print(Text(f"The record of {ending.execution_id} is not stored in {ending.data_dir} yet.", style="red"))
    sinks = [sink.get("last_error") for sink in ending.health.get("sinks", ())]
    for reason in filter(None, sinks):
        screen.print(Text(f"   {safe_line(reason)}", style="red"))
    if ending.health.get("journal", {}).get("mode") == "journal":
        screen.print(Text(f"   It is kept in memory until then: otel-tracking recover --data {ending.data_dir}"))
    if ending.error:
        screen.print(Text(f"   The run itself: {safe_line(ending.error)}"))


def _draw_troubles(screen: Console, health: dict[str, Any]) -> None:
    """Say that the tracking had trouble, where it had: the run did not notice, the reader should."""
    for kind, times in health.get("guarded_errors", {}).items():
        screen.print(
            Text(f"   tracking had trouble with {safe_line(kind)} ({times}×); the run went on", style="yellow")
        )
    reason = health.get("journal", {}).get("reason")
    if reason:
        screen.print(Text(f"   the flight recorder was off: {safe_line(reason)}", style="yellow"))


def _status_line(record: ExecutionRecord) -> Text:
    line = Text(str(record.status), style=f"bold {_style(record)}")
    took = seconds(record.total_execution_time)
    line.append(f" after {took}" if took else "", style="not bold default")
    sentence = STATUS_SENTENCES.get(record.status)
    if sentence and record.status != Status.COMPLETED:
        line.append(f": {sentence}", style="not bold default")
    return line


def _style(record: ExecutionRecord) -> str:
    return STATUS_STYLES.get(record.status, "")


def _reason_of(record: ExecutionRecord) -> str | None:
    """Why a run was blocked or ended early, by its own items."""
    telling = [
        item.content or (item.metadata or {}).get("error_message")
        for item in record.items
        if item.item_type
        in (ItemType.STAGE1_BLOCKED, ItemType.STAGE3_BLOCKED, ItemType.OUTPUT_FAILED, ItemType.PIPELINE_ERROR)
    ]
    return str(telling[-1]) if telling and telling[-1] else None


def _file_line(item: ExecutionItem, data_dir: Path) -> Text:
    path = data_dir / str(item.file_path)
    line = Text(safe_line(path))
    line.append(f"  {size(item.media.bytes) if item.media else ''}", style="dim")
    return line


def _file_as_dict(item: ExecutionItem, data_dir: Path) -> dict[str, Any]:
    media = item.media
    return {
        "path": str(data_dir / str(item.file_path)),
        "item_type": str(item.item_type),
        "config_used": item.config_used,
        "loop_iteration": item.loop_iteration,
        "bytes": media.bytes if media else None,
        "type": media.type if media else None,
        "sha256": media.sha256 if media else None,
    }
