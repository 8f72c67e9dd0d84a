"""The words of coming in and going, in English and German."""

from __future__ import annotations

LOGIN_WORDS: dict[str, tuple[str, str]] = {
    "login title": ("Who is there?", "Wer ist da?"),
    "login lead": (
        "This server asks for a token. It stands in the link that your teacher has.",
        "Dieser Server fragt nach einem Token. Es steht im Link, den deine Lehrkraft hat.",
    ),
    "token": ("Token", "Token"),
    "come in": ("Come in", "Eintreten"),
    "wrong token": ("That is not the token.", "Das ist nicht das Token."),
    "too many tokens": (
        "Too many wrong tokens came from here. Wait a minute.",
        "Von hier kamen zu viele falsche Tokens. Warte eine Minute.",
    ),
    "log out": ("Log out", "Abmelden"),
    "nav sessions": ("Logins", "Anmeldungen"),
    "sessions title": ("Who is logged in", "Wer angemeldet ist"),
    "sessions lead": (
        "Every browser that showed a token. One that you end has to show it again; a new token ends all its logins.",
        "Jeder Browser, der ein Token gezeigt hat. Einer, den du beendest, muss es wieder zeigen; ein geändertes Token "
        "beendet alle seine Anmeldungen.",
    ),
    "session": ("Login", "Anmeldung"),
    "session own": ("this browser", "dieser Browser"),
    "session role": ("As", "Als"),
    "session student": ("student", "Schülerin oder Schüler"),
    "session researcher": ("full access", "voller Zugang"),
    "session address": ("From", "Von"),
    "session begun": ("Since", "Seit"),
    "session used": ("Last renewed", "Zuletzt erneuert"),
    "session end": ("End it", "Beenden"),
}
