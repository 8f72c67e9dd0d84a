"""Make a backend call's span the current one inside its block, so that other tracers' HTTP spans lie below it.

`attach` and `detach` of OpenTelemetry cannot do that: a generator that is suspended in such a block would leave its
span to its caller, and one that is closed elsewhere cannot detach. What is attached here knows whether it still holds.
"""

from __future__ import annotations

import sys
from typing import Any

from opentelemetry.context import Context, attach, get_current
from opentelemetry.trace import INVALID_SPAN, Link, Span, get_current_span, set_span_in_context

from otel_tracking.blocks import Block


class SpanBlock(Context):
    """The context of a block: the one around it, with the block's span in it as long as the block holds."""

    def __init__(self, span: Span) -> None:
        around = self._around = _live(get_current())
        if around:
            super().__init__(around)
        self._span = span
        self._with_span: Context | None = None
        self._block = Block()

    def enter(self) -> None:
        """The block of whoever called the caller begins."""
        self._block.enter(sys._getframe(2))
        attach(self)

    def leave(self) -> None:
        """The block is over."""
        self._block.leave()
        # Whoever still has this context somewhere keeps no run alive with it.
        self._span, self._with_span = INVALID_SPAN, None
        # Not `detach`: a generator may be closed in another context, where that fails and nothing is ours.
        if get_current() is self:
            attach(self._around)

    def _now(self) -> Context:
        if not self._block.holds():
            return self._around
        if self._with_span is None:
            self._with_span = set_span_in_context(self._span, self._around)
        return self._with_span

    def get(self, key: str, default: Any = None) -> Any:
        """A value of the context as it is now."""
        return self._now().get(key, default)

    def copy(self) -> dict[str, object]:
        """The values of the context as it is now: contexts are made from others by copying."""
        return self._now().copy()

    def __getitem__(self, key: str) -> object:
        return self._now()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._now()


def _live(context: Context) -> Context:
    """`context`, or the nearest around it whose block was not left."""
    while isinstance(context, SpanBlock) and not context._block.is_open:
        context = context._around
    return context


def surrounding_link() -> Link | None:
    """A link to the span that is current where a run starts, if there is one: what caused the run."""
    span = get_current_span()
    if span is INVALID_SPAN:  # nearly always
        return None
    context = span.get_span_context()
    return Link(context) if context.is_valid else None
