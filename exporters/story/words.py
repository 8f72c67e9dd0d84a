"""Every word with which documents tell of a run, in English and German, in one table."""

from __future__ import annotations

from collections.abc import Mapping

from exporters.errors import UnknownOption, listed

_WORDS: Mapping[str, tuple[str, str]] = {
    # How a run ended
    "completed": ("Everything that was asked for was made.", "Alles, was gewünscht war, ist entstanden."),
    "partial": (
        "Some outputs were made, some failed or were blocked.",
        "Einiges ist entstanden, anderes ist misslungen oder wurde gestoppt.",
    ),
    "blocked": (
        "A safety check stopped the run. That is an outcome, not an error.",
        "Eine Sicherheitsprüfung hat den Lauf gestoppt. Das ist ein Ergebnis, kein Fehler.",
    ),
    "error": ("An error ended the run.", "Ein Fehler hat den Lauf beendet."),
    "cancelled": ("The run was stopped.", "Der Lauf wurde abgebrochen."),
    "interrupted": ("The process ended before the run did.", "Der Prozess endete vor dem Lauf."),
    # Stages
    "stage": ("Stage", "Stufe"),
    "stage 0": ("Start", "Anfang"),
    "stage 1": ("Translation and safety", "Übersetzung und Sicherheit"),
    "stage 2": ("Interception", "Interception"),
    "stage 3": ("Safety of the output", "Sicherheit der Ausgabe"),
    "stage 4": ("Output", "Ausgabe"),
    "stage 5": ("End", "Ende"),
    "hop": ("Hop", "Station"),
    "output": ("Output", "Ausgabe"),
    # Items
    "user_input_text": ("Prompt", "Eingabe"),
    "user_input_image": ("Picture that was given", "Mitgegebenes Bild"),
    "translation_result": ("Translation", "Übersetzung"),
    "stage1_safety_check": ("Safety check", "Sicherheitsprüfung"),
    "stage1_safety_check_image": ("Safety check of the picture", "Sicherheitsprüfung des Bildes"),
    "stage1_blocked": ("Stopped by the safety check", "Von der Sicherheitsprüfung gestoppt"),
    "interception_iteration": ("Hop", "Station"),
    "interception_final": ("Final text", "Fertiger Text"),
    "stage3_safety_check": ("Safety check", "Sicherheitsprüfung"),
    "stage3_blocked": ("Stopped by the safety check", "Von der Sicherheitsprüfung gestoppt"),
    "output_image": ("Picture", "Bild"),
    "output_audio": ("Sound", "Klang"),
    "output_music": ("Music", "Musik"),
    "output_video": ("Film", "Film"),
    "output_3d": ("3D model", "3D-Modell"),
    "output_code": ("Program", "Programm"),
    "output_failed": ("This output failed", "Diese Ausgabe ist misslungen"),
    "output_blocked": ("Blocked after it was made", "Nach der Entstehung gestoppt"),
    "pipeline_start": ("Start", "Anfang"),
    "pipeline_complete": ("End", "Ende"),
    "pipeline_error": ("Error", "Fehler"),
    "stage_transition": ("Next stage", "Nächste Stufe"),
    "backend_fallback": ("Another model took over", "Ein anderes Modell sprang ein"),
    "user_edit": ("Changed by a person", "Von einem Menschen geändert"),
    "research_lookup": ("Looked up", "Nachgeschlagen"),
    # What checks say
    "safe": ("safe", "unbedenklich"),
    "not safe": ("not safe", "nicht erlaubt"),
    "withheld": (
        "Not shown here: a safety check said no to it.",
        "Hier nicht gezeigt: Eine Sicherheitsprüfung hat Nein gesagt.",
    ),
    "not checked": ("nothing was checked", "nichts geprüft"),
    "unchecked": (
        "Not shown here: no safety check has looked at this run.",
        "Hier nicht gezeigt: Diesen Durchgang hat keine Sicherheitsprüfung angesehen.",
    ),
    "not here": ("The file is not part of this document.", "Die Datei ist nicht Teil dieses Dokuments."),
    # Headings and facts
    "journey": ("The journey", "Die Reise"),
    "timeline": ("Timeline", "Zeitverlauf"),
    "parameters": ("Parameters", "Parameter"),
    "attempts": ("Calls to models and programs", "Aufrufe von Modellen und Programmen"),
    "attempt": ("Call", "Aufruf"),
    "configured": ("Asked for", "Gewünscht"),
    "passed": ("Sent", "Gesendet"),
    "not_passed": ("Asked for, but not sent", "Gewünscht, aber nicht gesendet"),
    "response": ("Answered", "Geantwortet"),
    "facts": ("About this run", "Über diesen Lauf"),
    "given": ("From", "Aus"),
    "made": ("Becomes", "wird"),
    "execution_id": ("Run", "Lauf"),
    "trace_id": ("Trace", "Trace"),
    "config_name": ("Configuration", "Konfiguration"),
    "timestamp": ("Started", "Beginn"),
    "total_execution_time": ("Duration", "Dauer"),
    "execution_mode": ("Mode", "Modus"),
    "safety_level": ("Safety level", "Sicherheitsstufe"),
    "used_seed": ("Seed", "Seed"),
    "user_id": ("Person", "Person"),
    "session_id": ("Session", "Sitzung"),
    "device_id": ("Device", "Gerät"),
    "study_id": ("Study", "Studie"),
    "batch_id": ("Batch", "Serie"),
    "repeats": ("Repeats", "Wiederholt"),
    "continues": ("Continues", "Setzt fort"),
    "status": ("Outcome", "Ergebnis"),
    "finish_reason": ("Why it ended", "Warum es endete"),
    "outputs_generated": ("Outputs made", "Entstandene Ausgaben"),
    "stages_completed": ("Stages completed", "Fertige Stufen"),
    "dropped": ("Lost", "Verloren"),
    "lossy_values": ("Kept only as a description", "Nur als Beschreibung erhalten"),
    "late_spans": ("Came late", "Nachzügler"),
    "revision": ("Revision", "Fassung"),
    "span_count": ("Spans", "Spans"),
    "item_count": ("Items", "Einträge"),
    "taxonomy_version": ("Taxonomy", "Taxonomie"),
    "schema_version": ("Schema", "Schema"),
    "metadata": ("More", "Weiteres"),
    "error_details": ("Error", "Fehler"),
    "links": ("Linked with", "Verknüpft mit"),
    "failed": ("failed", "misslungen"),
    "open": ("never ended", "nie beendet"),
    "languages": ("Languages", "Sprachen"),
    "hops": ("hops", "Stationen"),
    "one hop": ("1 hop", "1 Station"),
    "outputs": ("outputs", "Ausgaben"),
    "one output": ("1 output", "1 Ausgabe"),
    "nothing": ("Nothing was logged.", "Nichts wurde aufgezeichnet."),
    "input_text": ("Text it was given", "Mitgegebener Text"),
    "content": ("Content", "Inhalt"),
    "file_path": ("File", "Datei"),
    "media": ("Media", "Medium"),
    "details": ("Details", "Einzelheiten"),
    "sha256": ("SHA-256", "SHA-256"),
    "item": ("Item", "Eintrag"),
    "whole text": ("The whole text", "Der ganze Text"),
    "another text": ("It was not given the text before it, but", "Mitgegeben war nicht der Text davor, sondern"),
    "recorded": (
        "Recorded with OpenTelemetry. Every value of this run is in the record of this name.",
        "Aufgezeichnet mit OpenTelemetry. Alle Werte dieses Laufs stehen im Datensatz dieses Namens.",
    ),
    "shown to students": (
        "What a safety check said no to is not in this document.",
        "Was eine Sicherheitsprüfung abgelehnt hat, ist nicht in diesem Dokument.",
    ),
    # On pages only
    "record": ("Research record", "Forschungsprotokoll"),
    "number": ("No.", "Nr."),
    "what": ("What", "Was"),
    "text": ("Text", "Text"),
    "by": ("Made by", "Von"),
    "took": ("Time", "Zeit"),
    "since": ("Since the start", "Seit Beginn"),
    "was given": ("Was given another text:", "Bekam einen anderen Text:"),
    "figure": ("Figure", "Abbildung"),
    "figures": ("What was made", "Was entstanden ist"),
    "no picture": ("It cannot be shown on paper.", "Es lässt sich nicht auf Papier zeigen."),
    "more spans": ("{count} more spans are in the record.", "{count} weitere Spans stehen im Protokoll."),
    "timeline key": (
        "Strong colour: a stage, hop or output. Pale: a call to a model or program. Red: it failed.",
        (
            "Kräftige Farbe: eine Stufe, Station oder Ausgabe. Blass: ein Aufruf eines Modells oder "
            "Programms. Rot: misslungen."
        ),
    ),
    "calls lead": (
        "One table for each call: what was asked for, what really left the process, and what became of it on the way.",
        "Je Aufruf eine Tabelle: was gewünscht war, was den Prozess wirklich verließ und was daraus wurde.",
    ),
    "parameter": ("Parameter", "Parameter"),
    "same": ("as asked for", "wie gewünscht"),
    "changed": ("changed", "verändert"),
    "added": ("added", "hinzugefügt"),
    "lost": ("not sent", "nicht gesendet"),
    "unknown": ("", ""),
    "settings": ("What the run was asked to do", "Was der Lauf tun sollte"),
    "settings note": (
        "In short, without what was left empty. The record has every setting as it was given.",
        "In Kürze, ohne was leer blieb. Im Protokoll steht jede Einstellung, wie sie gegeben war.",
    ),
    "about": ("About this document", "Über dieses Dokument"),
    "attached": ("The whole record, as it was kept", "Das ganze Protokoll, wie es aufbewahrt wurde"),
    "attached note": (
        "The whole record is inside this file as record.json: every text uncut, every value exact.",
        "Das ganze Protokoll steckt als record.json in dieser Datei: Texte ungekürzt, Werte genau.",
    ),
    "elsewhere note": (
        "The whole record, every text uncut and every value exact, is in the JSON document of this run.",
        "Das ganze Protokoll, Texte ungekürzt und Werte genau, ist das JSON-Dokument des Laufs.",
    ),
    "student note": (
        "This document is for students: parameters, calls and what a safety check said no to are left out.",
        "Dieses Dokument ist für Lernende: Parameter, Aufrufe und was eine Sicherheitsprüfung ablehnte, fehlen.",
    ),
    "complete": (
        "The record is complete: {items} items and {spans} spans, none lost.",
        "Das Protokoll ist vollständig: {items} Einträge und {spans} Spans, keiner verloren.",
    ),
    "incomplete": (
        "The record is not complete: {dropped} lost, {late} late, {lossy} kept only as a description.",
        "Das Protokoll ist nicht vollständig: {dropped} verloren, {late} verspätet, {lossy} nur als Beschreibung.",
    ),
    "signs": (
        "Signs in frames stand for characters that cannot be printed:",
        "Zeichen in Rahmen stehen für Zeichen, die sich nicht drucken lassen:",
    ),
    "control": ("control character", "Steuerzeichen"),
    "half": ("half of a character (a lone surrogate)", "halbes Zeichen (einzelnes Surrogat)"),
    "private": (
        "for private use: it means something else to everybody",
        "für eigenen Gebrauch: Es bedeutet überall etwas anderes",
    ),
    "no character": (
        "no character, or one that came after this version of Unicode",
        "kein Zeichen, oder eines aus einer späteren Fassung von Unicode",
    ),
    "no glyph": ("no font here has it", "keine Schrift hier hat es"),
    "times": ("{count} times", "{count}-mal"),
    "once": ("once", "einmal"),
    "cut": (
        "… (cut here: {count} characters in all, whole in the record)",
        "… (hier gekürzt: insgesamt {count} Zeichen, ganz im Protokoll)",
    ),
    "as before": (
        "… (the same text as No. {number}: {count} characters)",
        "… (derselbe Text wie Nr. {number}: {count} Zeichen)",
    ),
    "more rows": ("{count} more of them are in the record.", "{count} weitere stehen im Protokoll."),
    "of": ("of", "von"),
    "page": ("Page", "Seite"),
}

ENGLISH: Mapping[str, str] = {key: english for key, (english, _) in _WORDS.items()}
GERMAN: Mapping[str, str] = {key: german for key, (_, german) in _WORDS.items()}
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}


def words_of(language: str) -> Mapping[str, str]:
    """All words in that language; `UnknownOption` names the languages there are."""
    if language not in LANGUAGES:
        raise UnknownOption(f"documents are not written in {language!r:.40}. There are: {listed(sorted(LANGUAGES))}")
    return LANGUAGES[language]
