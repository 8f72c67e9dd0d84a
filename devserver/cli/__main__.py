"""`python -m devserver.cli`: the same as `otel-tracking`."""

from devserver.cli import main

main()
