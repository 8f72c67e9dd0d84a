"""Every format but the one for archives."""

from one_run import lacks, one_run

from exporters import FORMATS, read_records

data, run = one_run()
(record,) = read_records(data)
for name, form in FORMATS.items():
    if name != "pdfa":
        assert form.render(record), name
assert FORMATS["xml"].parse(FORMATS["xml"].render(record)) == record
lacks(lambda: FORMATS["pdfa"].render(record), "PDFs for archives (pdfa) need the extra 'archive'")
