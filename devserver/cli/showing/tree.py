"""Draw a record as the tree of its spans, with the items where they were logged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import chain
from typing import TypeAlias

from rich.text import Text
from rich.tree import Tree

from devserver.cli.showing.rows import row_of, way_of
from devserver.cli.showing.terminal_words import STATUS_STYLES
from devserver.cli.showing.text import safe_line, shorten
from exporters.story.boxes import box_of
from exporters.story.changed import change_line
from exporters.story.readable import seconds
from exporters.story.untranslated import Marks, marks_of
from exporters.story.words import ENGLISH
from otel_tracking import ExecutionItem, ExecutionRecord, SpanRecord
from otel_tracking.nodes import visit_of
from otel_tracking.passed_differently import passed_differently

SpanOrItem: TypeAlias = SpanRecord | ExecutionItem

_LONGEST_TEXT = 300


def tree_of(record: ExecutionRecord) -> Tree:
    """The tree: execution, stages, hops, outputs, attempts, and the items below the span they belong to."""
    children, marks = _children_by_span(record), marks_of(record)
    tree = Tree(_root_line(record), guide_style="dim")
    for part in _in_time_order(children.pop(None, [])):
        _add(tree, part, children, marks)
    return tree


def _children_by_span(record: ExecutionRecord) -> dict[str | None, list[SpanOrItem]]:
    """Spans and items by the span they hang on; None is the root, which also takes what names no span of the record."""
    known = {span.span_id for span in record.spans}
    root = next((span.span_id for span in record.spans if span.parent_span_id is None), None)
    children: dict[str | None, list[SpanOrItem]] = defaultdict(list)
    for part in chain[SpanOrItem](record.spans, record.items):
        parent = part.parent_span_id if isinstance(part, SpanRecord) else part.span_id
        if isinstance(part, SpanRecord) and part.span_id == root:
            continue
        children[None if parent == root or parent not in known else parent].append(part)
    return children


def _in_time_order(parts: list[SpanOrItem]) -> list[SpanOrItem]:
    # A span starts before the items logged in it, also where the clock's step hides that.
    return sorted(parts, key=lambda part: (part.timestamp, isinstance(part, ExecutionItem)))


def _add(
    branch: Tree, part: SpanOrItem, children: dict[str | None, list[SpanOrItem]], marks: Mapping[int, Marks]
) -> None:
    if isinstance(part, ExecutionItem):
        branch.add(_item_line(part, marks[id(part)]))
        return
    below = branch.add(_span_line(part))
    for child in _in_time_order(children.pop(part.span_id, [])):
        _add(below, child, children, marks)


def _root_line(record: ExecutionRecord) -> Text:
    line = Text("execution ", style="bold", no_wrap=True, overflow="ellipsis")
    line.append(safe_line(record.config_name))
    line.append(f"  {safe_line(record.status)}", style=STATUS_STYLES.get(record.status, ""))
    line.append(f"  {seconds(record.total_execution_time)}", style="not bold dim")
    return line


def _span_line(span: SpanRecord) -> Text:
    line = Text(safe_line(span.name), style="bold cyan", no_wrap=True, overflow="ellipsis")
    line.append(_counter(span), style="not bold")
    line.append(f"  {seconds(span.execution_time) or 'not ended'}", style="not bold dim")
    if span.kind == "client":
        line.append(f"  {safe_line(span.backend_used or '')}", style="not bold")
    if span.status == "error" or span.error:
        line.append(f"  failed: {_error_text(span)}", style="not bold red")
    if span.not_passed:
        line.append(f"  not passed: {safe_line(', '.join(span.not_passed))}", style="not bold yellow")
    if changed := [change_line(one, ENGLISH) for one in passed_differently(span)]:
        line.append(f"  passed differently: {safe_line(', '.join(changed))}", style="not bold yellow")
    return line


def _counter(span: SpanRecord) -> str:
    if visit := visit_of(span):
        ways = ", ".join(f"{way.node_id} ({way.visit})" for way in visit.after)
        after = f" after {safe_line(ways)}" if ways else ""
        return f" {safe_line(visit.node_id)} visit {visit.visit}{after}"
    if span.name.startswith("stage"):
        return f" {span.stage}"
    if span.name == "iteration":
        return f" {span.stage_iteration}"
    return f" {span.loop_iteration} {safe_line(span.config_used or '')}".rstrip() if span.name == "output" else ""


def _error_text(span: SpanRecord) -> str:
    details = span.error if isinstance(span.error, dict) else {}
    return safe_line(f"{details.get('error_type') or ''} {details.get('error_message') or ''}")


def _item_line(item: ExecutionItem, marks: Marks) -> Text:
    line = Text(f"#{item.sequence_number} ", style="dim", no_wrap=True, overflow="ellipsis")
    line.append(safe_line(item.item_type), style="not dim")
    box = box_of(item, {}, ENGLISH, marks=marks)
    row = row_of(box)
    for told, style in ((way_of(box), "cyan"), (row.note, "yellow"), (shorten(safe_line(row.text), _LONGEST_TEXT), "")):
        line.append(f"  {told}" if told else "", style=f"not dim {style}".strip())
    return line
