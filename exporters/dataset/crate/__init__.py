"""What happened in the runs of a dataset, as an RO-Crate tells it: a stage is an action, with engine, texts and media.

`telling.py` makes it of a record as it leaves, `summing.py` of tables where there are too many runs to tell each;
`writing.py` writes a Process Run Crate of it, and `provenance.py` what makes that a Provenance Run Crate.
"""
