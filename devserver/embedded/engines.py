"""The engines that work on this machine without a model server, in the shapes that the pipeline wants."""

from __future__ import annotations

from devserver.embedded.languages import detect_language
from devserver.embedded.makers import EMBEDDED_MAKERS
from devserver.embedded.translation.translator import EmbeddedTranslator
from devserver.engines import Engines
from devserver.safety import check_terms


def embedded_engines() -> Engines:
    """Everything that needs no model server."""
    return Engines(
        translator=EmbeddedTranslator(),
        check_safety=check_terms,
        detect_language=detect_language,
        makers=EMBEDDED_MAKERS,
    )
