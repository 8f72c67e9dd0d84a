"""A finished span, whoever told us of it: the SDK, OTLP, a journal or a record."""
