"""The command line `otel-tracking`: run pipelines, and look after what they left."""

from __future__ import annotations

import sys

from otel_tracking.extras import Extra, MissingExtra


def main() -> None:
    """Run the command that `sys.argv` names, and end the process with its exit code."""
    try:
        with Extra("cli"):
            # Here and not above: who imports a helper of this package does not want all of the command line.
            from devserver.cli.app import command_line
    except MissingExtra as missing:
        print(f"otel-tracking: {missing}", file=sys.stderr)
        sys.exit(2)

    command_line.main(prog_name="otel-tracking")
