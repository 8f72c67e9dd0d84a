"""Fill a template with what every page needs."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response, render_template

from devserver.web.language import language_here, words_here
from devserver.web.replies import is_api, trouble
from devserver.web.times import when_here
from devserver.web.visitors.roles import HOLDERS, SEEING_ALL, Role
from devserver.web.words import title_of


def show(template: str, **values: Any) -> str:
    """The page; `words`, `language` and whether somebody is logged in are there in all of them."""
    language = language_here()
    caller = g.get("caller")
    return render_template(
        template,
        words=words_here(),
        language=language,
        is_in=bool(caller),
        has_session=bool(caller and caller.session),
        may_hold_rooms=bool(caller and caller.role in HOLDERS),
        badge=caller.badge if caller else None,
        may_see_sessions=bool(caller and caller.session and caller.role is Role.ADMIN),
        when=lambda moment: when_here(moment, words_here(), language),
        title_of=lambda config_name: title_of(str(config_name), language),
        **values,
    )


def message(status: int, said: str = "", detail: str = "") -> Response:
    """A page that says what went wrong: `said`, in the language of the page, or what the status means.

    `detail` is in the server's own words, and for researchers alone.
    """
    words = words_here()
    usual = "trouble 400" if status < 500 else "trouble 500"
    title = words.get(f"trouble {status}", words[usual])
    sentence = said or words.get(f"trouble {status} sentence", words[f"{usual} sentence"])
    caller = g.get("caller")
    shown = detail if caller and caller.role in SEEING_ALL and detail != sentence else ""
    return make_response(show("message.html", title=title, sentence=sentence, detail=shown), status)


def refused(status: int, sentence: str, **more: Any) -> Response:
    """What went wrong: the sentence and `more` for a program, a page in their language for a person."""
    return trouble(status, sentence, **more) if is_api() else message(status, detail=sentence)
