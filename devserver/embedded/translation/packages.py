"""Know which Debian package brings a language pair, also where nothing is installed."""

from __future__ import annotations

from devserver.embedded.languages import iso_639_1

# Apertium's packages among the languages a journey may visit (Debian 12); each serves both ways.
_APERTIUM = """
apertium-eng-spa apertium-fr-es  apertium-fra-cat apertium-por-cat apertium-pt-gl  apertium-es-gl
apertium-spa-cat apertium-es-pt  apertium-eng-cat apertium-cat-ita apertium-spa-ita apertium-en-gl
"""

# FreeDict's, one way each.
_FREEDICT = """
deu-eng deu-ell deu-fra deu-ita deu-nld deu-pol deu-por deu-rus deu-spa deu-tur
eng-ara eng-deu eng-ell eng-fra eng-hin eng-ita eng-jpn eng-nld eng-pol eng-por eng-rus eng-spa eng-swh eng-tur
ara-eng ell-eng fra-deu fra-eng ita-deu ita-eng jpn-deu jpn-eng nld-deu nld-eng pol-eng por-deu por-eng
spa-deu spa-eng swh-eng tur-deu tur-eng
"""

# What tools/install_engines.sh installs, as language pairs; a test holds the two together.
DEFAULT_PAIRS: frozenset[tuple[str, str]] = frozenset(
    (first, second)
    for row in (
        "en-es es-en es-fr fr-es fr-ca ca-fr ca-pt pt-ca pt-gl gl-pt gl-es es-gl es-ca ca-es",
        "es-pt pt-es en-ca ca-en ca-it it-ca es-it it-es",
        "de-en en-de en-ar ar-en en-el el-en en-ja ja-en en-tr tr-en en-pl pl-en en-nl nl-en",
        "en-hi en-ru de-tr tr-de",
    )
    for first, second in (pair.split("-") for pair in row.split())
)


def package_for(from_lang: str, to_lang: str) -> str | None:
    """The Debian package that brings this pair, Apertium's before FreeDict's; None when Debian has none.

    >>> package_for("es", "en"), package_for("en", "ar"), package_for("ar", "ja")
    ('apertium-eng-spa', 'dict-freedict-eng-ara', None)
    """
    return _PACKAGES.get((from_lang, to_lang))


def _codes(pair: str) -> tuple[str | None, str | None]:
    first, second = pair.split("-")
    return iso_639_1(first), iso_639_1(second)


_OF_APERTIUM = {_codes(name.removeprefix("apertium-")): name for name in _APERTIUM.split()}
_PACKAGES = {
    **{_codes(pair): f"dict-freedict-{pair}" for pair in _FREEDICT.split()},
    **{(second, first): name for (first, second), name in _OF_APERTIUM.items()},
    **_OF_APERTIUM,
}
