"""The command line `otel-tracking`: run pipelines, and look after what they left."""

from __future__ import annotations


def main() -> None:
    """Run the command that `sys.argv` names, and end the process with its exit code."""
    # Here and not above: who imports a helper of this package does not want all of the command line.
    from devserver.cli.app import command_line

    command_line.main(prog_name="otel-tracking")
