"""The name that a thing has in every export: who reads a second one knows what was there before."""

from __future__ import annotations

import uuid

from otel_tracking import canonical

_OURS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:otel-tracking:refi-qda")


def guid(*key: object) -> str:
    """The guid of a thing with this key: the same key has the same one for ever.

    >>> guid("user")
    '4301757d-48ce-55c2-9dff-8e65166eb510'
    """
    return str(uuid.uuid5(_OURS, canonical.dumps(list(key))))
