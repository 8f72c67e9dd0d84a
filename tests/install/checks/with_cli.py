"""The command line without the rest: lists, shows and exports; other commands say what they need."""

from one_run import command, one_run, refuses

data, run = one_run()
for arguments in (
    ("--help",),
    ("list", "--data", data),
    ("show", run, "--data", data),
    ("diff", run, run, "--data", data),
    ("verify", run, "--data", data),
    ("export", run, "--format", "json", "--data", data, "--out", "documents"),
    ("compact", "--data", data),
    ("recover", "--data", data),
):
    ran = command(*arguments)
    assert ran.returncode == 0, ran
assert run in command("list", "--data", data).stdout

refuses("PDF documents need the extra 'documents'", "export", run, "--format", "pdf", "--data", data, "--out", "pdf")
refuses("'otel-tracking run' needs the extra 'pipelines'", "run", "dada", "Eine Blume")
refuses("'otel-tracking configs' needs the extra 'pipelines'", "configs")
refuses("'otel-tracking replay' needs the extra 'pipelines'", "replay", run, "--data", data)
refuses("'otel-tracking serve' needs the extra 'server'", "serve")
refuses("'otel-tracking collect' needs the extra 'server'", "collect")
refuses("Datasets need the extra 'datasets'", "dataset", "out", "--data", data)
