"""Where are records made when it is not in the pipeline's process? A sink's own process builds and writes them.

`choice.py` says which sinks go, `recorded_run.py` is a finished run as it travels, `far_sink.py` the pipeline's end of
the way, `channel.py` starts the process and speaks with it (`messages.py`), `child.py` is what runs there, `writer.py`
builds and writes.
"""
