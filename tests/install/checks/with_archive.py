"""PDFs for archives too."""

from one_run import one_run

from exporters import FORMATS, read_records

data, run = one_run()
(record,) = read_records(data)
assert FORMATS["pdfa"].render(record).startswith(b"%PDF")
assert FORMATS["pdf"].render(record).startswith(b"%PDF")
