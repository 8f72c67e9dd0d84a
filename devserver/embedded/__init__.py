"""Engines that do real work on this machine, without a model server: the example of a pipeline.

They know nothing of tracking. Nothing heavy is imported until it is used. What is listed here is all that the rest of
the house may want of them.
"""

from devserver.embedded.engines import embedded_engines
from devserver.embedded.journeys import fixed_journey, random_journey
from devserver.embedded.languages import english_name, iso_639_1
from devserver.embedded.translation.apertium import Apertium
from devserver.embedded.translation.freedict import FreeDict
from devserver.embedded.translation.packages import DEFAULT_PAIRS, package_for

__all__ = [
    "DEFAULT_PAIRS",
    "Apertium",
    "FreeDict",
    "embedded_engines",
    "english_name",
    "fixed_journey",
    "iso_639_1",
    "package_for",
    "random_journey",
]
