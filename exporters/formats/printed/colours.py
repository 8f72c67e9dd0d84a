"""The colours of documents for people, as six hexadecimal digits."""

from __future__ import annotations

ACCENT, INK, GREY, FAINT, WASH = "1D4E6B", "1F2933", "5F6B7A", "D9DEE5", "F5F7F9"
TONES = {"plain": INK, "key": ACCENT, "good": "2B6E4F", "stop": "9A5B00", "bad": "A61B1B"}
STAGES = {0: "7B8794", 1: "3F6C9B", 2: "7A4FA0", 3: "B0781C", 4: "2F7D5B", 5: "7B8794"}
FATES = {"same": GREY, "changed": TONES["stop"], "added": ACCENT, "lost": TONES["bad"], "unknown": GREY}
