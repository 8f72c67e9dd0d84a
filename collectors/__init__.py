"""Spans in, records out."""
