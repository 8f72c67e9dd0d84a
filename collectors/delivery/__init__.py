"""How does a record reach every sink, or wait?

`sinks.py` says what a sink is, and what more one may be; `road.py` sees records there, over `lanes.py`.
"""
