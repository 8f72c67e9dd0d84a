"""How near two texts are in meaning, with the model that came along; and what datasets need besides."""

from one_run import lacks, one_run

from exporters.dataset import make_dataset
from exporters.measures.meaning import Meanings

data, _ = one_run()
meanings = Meanings()
assert meanings.similarity("Eine Blume", "Eine Blume") == 1.0
assert meanings.similarity("Eine Blume", "A flower") > meanings.similarity("Eine Blume", "Three percent")
lacks(lambda: make_dataset(data, f"{data}/dataset", semantics=True), "Datasets need the extra 'datasets'")
