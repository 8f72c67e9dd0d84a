"""What is a finished span, whoever told us of it: our own spans, OTLP or a journal?"""

from collectors.spans.finished import FinishedEvent, FinishedSpan

__all__ = ["FinishedEvent", "FinishedSpan"]
