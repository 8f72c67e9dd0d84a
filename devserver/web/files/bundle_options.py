"""How a bundle is made for whoever asks: in their language, and what is to be hung up as pupils may see it."""

from __future__ import annotations

from typing import Any

from devserver.errors import RequestError
from devserver.web.words import TITLED, title_of
from exporters.collections import CollectionFormat, CollectionOptions
from exporters.collections.making import check_options
from exporters.errors import UnknownOption
from exporters.privacy.profiles import Profile
from otel_tracking.audience import Audience


def options_of_bundle(
    form: CollectionFormat, format_name: str, *, language: str, audience: str, profile: str, pages: str
) -> dict[str, Any]:
    """The options of a collection in that format; `audience` is who it was asked for, `pages` where runs are seen.

    Raises `RequestError` for an audience that there is not, or that the format has not.
    """
    options: dict[str, Any] = {"language": language}
    if audience:
        options["audience"] = audience
    if "titles" in form.options:
        # A poster is for a wall: everybody sees it.
        options = {"audience": Audience.STUDENT.value, **options}
        options["titles"] = {name: title_of(name, language) for name in TITLED}
    # Who leaves by another name is not to be found by a code.
    if "pages" in form.options and profile == Profile.FULL:
        options["pages"] = pages
    try:
        check_options(form, format_name, CollectionOptions(**options))
    except UnknownOption as error:
        raise RequestError(str(error)) from None
    return options
