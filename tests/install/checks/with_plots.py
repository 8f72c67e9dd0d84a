"""Plots by themselves, in the fonts that matplotlib has."""

from one_run import lacks, one_run

from exporters.collections.making import make_collection
from exporters.plots.bars import bars_plot

plot = bars_plot("Languages", "Hops", [("German", 3), ("_日本語", 1)])
assert plot.png().startswith(b"\x89PNG")
assert b"<svg" in plot.svg()
data, run = one_run()
lacks(lambda: make_collection(data, f"{data}/all.pdf", "pdf"), "Documents of many runs need the extra 'books'")
