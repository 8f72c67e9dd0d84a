"""Pipelines run on the terminal, without a server."""

from one_run import command, one_run, refuses

data, run = one_run()
assert "dada" in command("configs").stdout
ran = command("run", "dada", "Eine Blume auf der Wiese", "--data", data)
assert ran.returncode == 0, ran
assert command("list", "--data", data).stdout.count("exec_") == 2
refuses("'otel-tracking serve' needs the extra 'server'", "serve")
