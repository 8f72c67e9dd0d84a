"""The words that only printed documents need, in English and German; the others are in `exporters.story.words`."""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "record": "Research record",
    "number": "No.",
    "what": "What",
    "text": "Text",
    "by": "Made by",
    "took": "Time",
    "since": "Since the start",
    "was given": "Was given another text:",
    "figure": "Figure",
    "figures": "What was made",
    "no picture": "It cannot be shown on paper.",
    "more spans": "{count} more spans are in the record.",
    "timeline key": "Strong colour: a stage, hop or output. Pale: a call to a model or program. Red: it failed.",
    "calls lead": (
        "One table for each call: what was asked for, what really left the process, and what became of it on the way."
    ),
    "parameter": "Parameter",
    "same": "as asked for",
    "changed": "changed",
    "added": "added",
    "lost": "not sent",
    "unknown": "",
    "settings": "What the run was asked to do",
    "settings note": "In short, without what was left empty. The record has every setting as it was given.",
    "about": "About this document",
    "attached": "The whole record, as it was kept",
    "attached note": "The whole record is inside this file as record.json: every text uncut, every value exact.",
    "elsewhere note": "The whole record, every text uncut and every value exact, is in the JSON document of this run.",
    "student note": "This document is for students: parameters, calls and what a safety check said no to are left out.",
    "complete": "The record is complete: {items} items and {spans} spans, none lost.",
    "incomplete": "The record is not complete: {dropped} lost, {late} late, {lossy} kept only as a description.",
    "signs": "Signs in frames stand for characters that cannot be printed:",
    "control": "control character",
    "half": "half of a character (a lone surrogate)",
    "private": "for private use: it means something else to everybody",
    "no character": "no character, or one that came after this version of Unicode",
    "no glyph": "no font here has it",
    "times": "{count} times",
    "once": "once",
    "cut": "… (cut here: {count} characters in all, whole in the record)",
    "as before": "… (the same text as No. {number}: {count} characters)",
    "more rows": "{count} more of them are in the record.",
    "of": "of",
    "page": "Page",
}

GERMAN: Mapping[str, str] = {
    "record": "Forschungsprotokoll",
    "number": "Nr.",
    "what": "Was",
    "text": "Text",
    "by": "Von",
    "took": "Zeit",
    "since": "Seit Beginn",
    "was given": "Bekam einen anderen Text:",
    "figure": "Abbildung",
    "figures": "Was entstanden ist",
    "no picture": "Es lässt sich nicht auf Papier zeigen.",
    "more spans": "{count} weitere Spans stehen im Protokoll.",
    "timeline key": (
        "Kräftige Farbe: eine Stufe, Station oder Ausgabe. Blass: ein Aufruf eines Modells oder Programms. "
        "Rot: misslungen."
    ),
    "calls lead": "Je Aufruf eine Tabelle: was gewünscht war, was den Prozess wirklich verließ und was daraus wurde.",
    "parameter": "Parameter",
    "same": "wie gewünscht",
    "changed": "verändert",
    "added": "hinzugefügt",
    "lost": "nicht gesendet",
    "unknown": "",
    "settings": "Was der Lauf tun sollte",
    "settings note": "In Kürze, ohne was leer blieb. Im Protokoll steht jede Einstellung, wie sie gegeben war.",
    "about": "Über dieses Dokument",
    "attached": "Das ganze Protokoll, wie es aufbewahrt wurde",
    "attached note": "Das ganze Protokoll steckt als record.json in dieser Datei: Texte ungekürzt, Werte genau.",
    "elsewhere note": "Das ganze Protokoll, Texte ungekürzt und Werte genau, ist das JSON-Dokument des Laufs.",
    "student note": (
        "Dieses Dokument ist für Lernende: Parameter, Aufrufe und was eine Sicherheitsprüfung ablehnte, fehlen."
    ),
    "complete": "Das Protokoll ist vollständig: {items} Einträge und {spans} Spans, keiner verloren.",
    "incomplete": (
        "Das Protokoll ist nicht vollständig: {dropped} verloren, {late} verspätet, {lossy} nur als Beschreibung."
    ),
    "signs": "Zeichen in Rahmen stehen für Zeichen, die sich nicht drucken lassen:",
    "control": "Steuerzeichen",
    "half": "halbes Zeichen (einzelnes Surrogat)",
    "private": "für eigenen Gebrauch: Es bedeutet überall etwas anderes",
    "no character": "kein Zeichen, oder eines aus einer späteren Fassung von Unicode",
    "no glyph": "keine Schrift hier hat es",
    "times": "{count}-mal",
    "once": "einmal",
    "cut": "… (hier gekürzt: insgesamt {count} Zeichen, ganz im Protokoll)",
    "as before": "… (derselbe Text wie Nr. {number}: {count} Zeichen)",
    "more rows": "{count} weitere stehen im Protokoll.",
    "of": "von",
    "page": "Seite",
}

PRINTED: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}
