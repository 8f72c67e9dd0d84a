"""Whether somebody should look after whoever asks for a run: what the first check will say, which stops nothing."""

from __future__ import annotations

from devserver.requests import Request
from devserver.safety.terms import check_terms

_ANY_LANGUAGE = "und"


def will_concern(request: Request) -> bool:
    """Whether it concerns somebody, before its run has come so far: who wrote it need not wait for words of help."""
    verdict = check_terms(request.prompt, level=request.safety_level, language=_ANY_LANGUAGE, stage=1)
    return bool(verdict.concerns)
