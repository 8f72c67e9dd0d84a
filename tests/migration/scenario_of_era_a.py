"""Ways to look at a record as a whole."""

from __future__ import annotations


def sequence(record):
    """Type, stage, stage_iteration and loop_iteration of every item, in order."""
    return [(str(item.item_type), item.stage, item.stage_iteration, item.loop_iteration) for item in record.items]


def items_of(record, item_type):
    """The items of one type, in order."""
    return [item for item in record.items if item.item_type == item_type]


def tree(record):
    """The span tree as indented lines: name, number, and ERROR where it is one."""
    children = {}
    for span in record.spans:
        children.setdefault(span.parent_span_id, []).append(span)

    def lines(parent, indent):
        for span in children.get(parent, []):
            number = {"iteration": span.stage_iteration, "output": span.loop_iteration}.get(span.name)
            words = [span.name, *([str(number)] if number else []), *(["ERROR"] if span.status == "error" else [])]
            yield indent + " ".join(words)
            yield from lines(span.span_id, indent + "  ")

    return list(lines(None, ""))
