"""The application around the tracker: pipeline, backends, safety, web page and command line.

It knows `otel_tracking`, `collectors` and `exporters`; none of them knows it.
"""
