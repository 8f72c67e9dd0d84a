"""Runs that are looked at: found, listed, shown, taken home."""
