"""What languages are called, in English and German; a code that is not listed stands for itself."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = """
af Afrikaans Afrikaans
ar Arabic Arabisch
bg Bulgarian Bulgarisch
bn Bengali Bengalisch
ca Catalan Katalanisch
cs Czech Tschechisch
cy Welsh Walisisch
da Danish Dänisch
de German Deutsch
el Greek Griechisch
en English Englisch
eo Esperanto Esperanto
es Spanish Spanisch
eu Basque Baskisch
fa Persian Persisch
fi Finnish Finnisch
fr French Französisch
ga Irish Irisch
gl Galician Galicisch
he Hebrew Hebräisch
hi Hindi Hindi
hr Croatian Kroatisch
hu Hungarian Ungarisch
id Indonesian Indonesisch
is Icelandic Isländisch
it Italian Italienisch
ja Japanese Japanisch
kn Kannada Kannada
ko Korean Koreanisch
ku Kurdish Kurdisch
la Latin Latein
lt Lithuanian Litauisch
nl Dutch Niederländisch
no Norwegian Norwegisch
oc Occitan Okzitanisch
pl Polish Polnisch
ps Pashto Paschtu
pt Portuguese Portugiesisch
ro Romanian Rumänisch
ru Russian Russisch
sq Albanian Albanisch
sr Serbian Serbisch
sv Swedish Schwedisch
sw Swahili Suaheli
ta Tamil Tamil
th Thai Thailändisch
tr Turkish Türkisch
uk Ukrainian Ukrainisch
ur Urdu Urdu
vi Vietnamese Vietnamesisch
yo Yoruba Yoruba
zh Chinese Chinesisch
"""

_LINES = [line.split() for line in _NAMES.split("\n") if line]

NAMES: Mapping[str, Mapping[str, str]] = {
    "en": {code: english for code, english, _ in _LINES},
    "de": {code: german for code, _, german in _LINES},
}


def language_name(code: str, language: str) -> str:
    """The name of a language in `en` or `de`; the code itself where it is not known.

    >>> language_name("ca", "de"), language_name("pt-BR", "en"), language_name("xx", "en")
    ('Katalanisch', 'Portuguese (BR)', 'xx')
    """
    short, _, region = code.partition("-")
    name = NAMES[language].get(short.lower())
    if name is None:
        return code
    return f"{name} ({region})" if region else name
