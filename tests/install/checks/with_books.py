"""Many runs as one document, in every format."""

from pathlib import Path

from one_run import one_run

from exporters.collections.making import make_collection

data, run = one_run()
for name in ("pdf", "docx", "html"):
    made = make_collection(data, f"{data}/all.{name}", name)
    assert (made.runs, Path(made.path).stat().st_size > 5_000) == (1, True), name
