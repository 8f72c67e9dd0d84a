"""What can be set of the web server from outside, read once, and what of it would be unsafe."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.listening import address_of, is_loopback, what_is_wrong
from devserver.errors import SettingsError, suggestion
from devserver.safety.terms import LEVELS
from devserver.web.visitors.roles import Role

LOOPBACK = "127.0.0.1"
_WITH_A_CLASS = (Role.TEACHER, Role.PUPIL)
PORT = 17801

TOKEN_VARIABLE = "DEVSERVER_TOKEN"
CLASS_TOKEN_VARIABLE = "DEVSERVER_CLASS_TOKEN"
TEACHER_TOKEN_VARIABLE = "DEVSERVER_TEACHER_TOKEN"
RESEARCHER_TOKEN_VARIABLE = "DEVSERVER_RESEARCHER_TOKEN"
HOSTNAMES_VARIABLE = "DEVSERVER_HOSTNAMES"
PROXY_VARIABLE = "DEVSERVER_PROXY"
LEVEL_VARIABLE = "DEVSERVER_SAFETY_LEVEL"
HELP_VARIABLE = "DEVSERVER_HELP_NUMBER"
HELP_NUMBER = "116 111"
"""Helplines for children and young people in Germany and most of Europe, free of charge."""
_NUMBERS = {
    "port": ("DEVSERVER_PORT", 0, 65535),
    "slots": ("DEVSERVER_SLOTS", 1, 64),
    "most_waiting": ("DEVSERVER_WAITING", 0, 500),
    "runs_per_pupil": ("DEVSERVER_RUNS_PER_PUPIL", 1, 64),
    "waiting_per_pupil": ("DEVSERVER_WAITING_PER_PUPIL", 1, 500),
    "most_streams": ("DEVSERVER_STREAMS", 1, 500),
    "most_per_address": ("DEVSERVER_CONNECTIONS", 8, 100_000),
    "most_wrong_tokens": ("DEVSERVER_WRONG_TOKENS", 1, 100_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Where the server listens, who may come in, and how much it does at once.

    `token` opens everything, `class_token` what pupils may see, `teacher_token` rooms, `researcher_token` what was
    recorded. `slots` runs go on at once, `most_waiting` more may
    wait; of each pupil `runs_per_pupil` and `waiting_per_pupil`. `most_streams` watchers may follow runs.
    `safety_level` is that of runs that do not say another one. `most_per_address` connections may come from one address
    (a school behind one router is one), and `most_wrong_tokens` a minute. `proxy` is the address of a TLS proxy whose
    word counts on where a request comes from, how it was sent, and by which name.
    `help_number` is where children may call who are in need.
    """

    host: str = LOOPBACK
    port: int = PORT
    token: str | None = field(default=None, repr=False)
    class_token: str | None = field(default=None, repr=False)
    teacher_token: str | None = field(default=None, repr=False)
    researcher_token: str | None = field(default=None, repr=False)
    hostnames: tuple[str, ...] = ()
    proxy: str | None = None
    slots: int = 2
    most_waiting: int = 30
    runs_per_pupil: int = 1
    waiting_per_pupil: int = 2
    most_streams: int = 64
    most_per_address: int = 256
    most_wrong_tokens: int = 30
    safety_level: str = "kids"
    help_number: str = HELP_NUMBER

    @classmethod
    def from_environment(
        cls,
        *,
        host: str | None = None,
        port: int | None = None,
        slots: int | None = None,
        safety_level: str | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> WebSettings:
        """What was handed in; else what the environment says; else the defaults. `SettingsError` for what cannot be.

        >>> WebSettings.from_environment(environment={"DEVSERVER_PORT": "8080"}).port
        8080
        """
        given = {"port": port, "slots": slots}
        numbers = {name: _read_number(environment, name) for name in _NUMBERS}
        settings = cls(
            host=host or LOOPBACK,
            token=environment.get(TOKEN_VARIABLE, "").strip() or None,
            class_token=environment.get(CLASS_TOKEN_VARIABLE, "").strip() or None,
            teacher_token=environment.get(TEACHER_TOKEN_VARIABLE, "").strip() or None,
            researcher_token=environment.get(RESEARCHER_TOKEN_VARIABLE, "").strip() or None,
            hostnames=tuple(environment.get(HOSTNAMES_VARIABLE, "").lower().replace(",", " ").split()),
            proxy=environment.get(PROXY_VARIABLE, "").strip() or None,
            help_number=environment.get(HELP_VARIABLE, "").strip() or HELP_NUMBER,
            safety_level=safety_level or environment.get(LEVEL_VARIABLE, "").strip() or "kids",
            **{name: number if given.get(name) is None else int(given[name] or 0) for name, number in numbers.items()},
        )
        settings.check()
        return settings

    def tokens(self) -> list[tuple[str, Role]]:
        """The tokens there are, and what each opens."""
        return [(token, role) for _, token, role in self._tokens() if token is not None]

    def _tokens(self) -> tuple[tuple[str, str | None, Role], ...]:
        return (
            (TOKEN_VARIABLE, self.token, Role.ADMIN),
            (RESEARCHER_TOKEN_VARIABLE, self.researcher_token, Role.RESEARCHER),
            (TEACHER_TOKEN_VARIABLE, self.teacher_token, Role.TEACHER),
            (CLASS_TOKEN_VARIABLE, self.class_token, Role.PUPIL),
        )

    def check(self) -> None:
        """Raise `SettingsError` where this would let in whom nobody asked in."""
        if self.safety_level not in LEVELS:
            raise SettingsError(f"safety level {self.safety_level!r}: {suggestion(self.safety_level, LEVELS)}")
        self._check_tokens()
        if self.proxy is not None and address_of(self.proxy) is None:
            raise SettingsError(f"{PROXY_VARIABLE} is {self.proxy!r:.60}; an address is expected, such as 127.0.0.1")
        lets_in = next((name for name, token, role in self._tokens() if token and role in _WITH_A_CLASS), "")
        if lets_in and self.safety_level == "off":
            raise SettingsError(
                f"{lets_in} lets a class in, and at safety level off nothing is checked; kids or youth would work"
            )
        if self.token is None and not is_loopback(self.host):
            raise SettingsError(
                f"host {self.host!r:.100} can be reached by others, so a token is needed: set {TOKEN_VARIABLE}, "
                "or leave --host at 127.0.0.1"
            )

    def _check_tokens(self) -> None:
        seen: set[str] = set()
        for variable, token, role in self._tokens():
            if token is None:
                continue
            if wrong := what_is_wrong(token):
                raise SettingsError(f"{variable} {wrong}")
            if token in seen or (role is not Role.ADMIN and self.token is None):
                raise SettingsError(f"{variable} needs a {TOKEN_VARIABLE} that is another one, as all of them are")
            seen.add(token)


def _read_number(environment: Mapping[str, str], name: str) -> int:
    variable, least, most = _NUMBERS[name]
    text = environment.get(variable, "").strip()
    usual: int = getattr(WebSettings(), name)
    if not text:
        return usual
    if not text.isdecimal() or not least <= int(text[:9]) <= most:
        raise SettingsError(f"{variable} is {text!r:.40}; a number from {least} to {most} is expected, such as {usual}")
    return int(text)
