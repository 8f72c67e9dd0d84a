"""Check a prompt against short starter lists of terms: a real check, not protection."""

from devserver.safety.terms import check_terms

__all__ = ["check_terms"]
