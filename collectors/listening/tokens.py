"""What a token has to be, and how one is compared."""

from __future__ import annotations

import hmac

SHORTEST = 16
A_TOKEN = "python3 -c 'import secrets; print(secrets.token_urlsafe(24))'"


def what_is_wrong(token: str) -> str | None:
    """Why that is no token, in words that follow its name, and what would be one; None for a good one.

    >>> print(what_is_wrong("x"))
    is too short or too odd: a token has 16 or more letters, digits and signs of ASCII; python3 -c 'import secrets; \
print(secrets.token_urlsafe(24))' makes one
    """
    if len(token) >= SHORTEST and token.isascii() and token.isprintable() and " " not in token:
        return None
    return (
        f"is too short or too odd: a token has {SHORTEST} or more letters, digits and signs of ASCII; "
        f"{A_TOKEN} makes one"
    )


def is_same(given: str, known: str) -> bool:
    """Whether a token is the one we know; how long it takes tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), known.encode())


def bearer_in(authorization: str) -> str | None:
    """The token in an `Authorization` header; None where it holds none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
