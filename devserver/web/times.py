"""A moment as people say it: in the time of this place, in the language of the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from exporters.story.words import words_of as words_of_documents


def when_in_words(moment: dt.datetime, now: dt.datetime, words: Mapping[str, str], language: str) -> str:
    """`today, 14:05`, `yesterday, 14:05`, or `23 November 2026, 14:05`, in the zone of `now`."""
    here = moment.astimezone(now.tzinfo)
    days_ago = (now.date() - here.date()).days
    day = {0: words["today"], 1: words["yesterday"]}.get(days_ago) or _date(here.date(), language)
    return f"{day}, {here:%H:%M}"


def when_here(moment: dt.datetime, words: Mapping[str, str], language: str) -> str:
    """The same for whoever looks now, in this machine's zone: a class and its server are in one place."""
    return when_in_words(moment, dt.datetime.now().astimezone(), words, language)


def _date(day: dt.date, language: str) -> str:
    words = words_of_documents(language)
    month = words["months"].split()[day.month - 1]
    return words["day of month"].format(day=day.day, month=month, year=day.year)
