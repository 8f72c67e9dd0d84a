"""Say which version of this program runs."""

from __future__ import annotations


def own_version() -> str:
    """The version of this program as it was installed; `0` where it runs from a folder that never was."""
    from importlib.metadata import PackageNotFoundError, version  # 10 ms that only a recording needs

    try:
        return version("otel-tracking")
    except PackageNotFoundError:
        return "0"
