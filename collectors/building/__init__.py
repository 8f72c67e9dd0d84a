"""Finished spans become records."""
