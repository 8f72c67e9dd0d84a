"""Every word of the pages, in English and German, in one table; those of records are in `exporters.story.words`."""

from __future__ import annotations

from collections.abc import Mapping

from devserver.web.login_words import LOGIN_WORDS

_TABLE: dict[str, tuple[str, str]] = {
    # The frame around every page
    "site": ("Prompt journeys", "Reisen eines Prompts"),
    "nav start": ("Start", "Start"),
    "nav runs": ("Runs", "Läufe"),
    "skip": ("Skip to the content", "Zum Inhalt springen"),
    "language": ("Deutsch", "English"),
    "navigation": ("Pages", "Seiten"),
    # Start page
    "start title": ("Where will your sentence travel?", "Wohin reist dein Satz?"),
    "start lead": (
        "Write a sentence, choose what happens to it, and watch every step.",
        "Schreib einen Satz, such aus, was mit ihm geschieht, und schau bei jedem Schritt zu.",
    ),
    "prompt": ("Your sentence", "Dein Satz"),
    "prompt hint": ("In your own language, up to ten pages.", "In deiner Sprache, bis zu zehn Seiten."),
    "examples": ("Or take one of these", "Oder nimm einen von diesen"),
    "config": ("What should happen to it?", "Was soll mit ihm geschehen?"),
    "images": ("Pictures that come with it", "Bilder, die mitkommen"),
    "images hint": (
        "PNG, JPEG, WebP or GIF, up to three, 32 MB each.",
        "PNG, JPEG, WebP oder GIF, bis zu drei, je 32 MB.",
    ),
    "needs images": ("needs a picture", "braucht ein Bild"),
    "takes images": ("may take pictures", "kann Bilder nehmen"),
    "others": ("More, which this server could run", "Mehr, was dieser Server könnte"),
    "not here": ("Cannot run here yet", "Kann hier noch nicht laufen"),
    "not made here": ("Not installed on this server", "Auf diesem Server nicht installiert"),
    "more": ("More settings", "Weitere Einstellungen"),
    "seed": ("Seed", "Seed"),
    "seed hint": (
        "The same number makes the same again. Leave it empty for a new one.",
        "Dieselbe Zahl macht wieder dasselbe. Leer: eine neue.",
    ),
    "level": ("Safety level", "Sicherheitsstufe"),
    "level kids": ("kids", "Kinder"),
    "level youth": ("youth", "Jugend"),
    "level off": ("off: nothing is checked", "aus: nichts wird geprüft"),
    "go": ("Send it off", "Los geht's"),
    "makes text": ("a text", "einen Text"),
    "makes image": ("a picture", "ein Bild"),
    "makes image many": ("pictures", "Bilder"),
    "makes audio": ("a sound", "einen Klang"),
    "makes audio many": ("sounds", "Klänge"),
    "makes music": ("music", "Musik"),
    "makes music many": ("music", "Musik"),
    "makes video": ("a film", "einen Film"),
    "makes video many": ("films", "Filme"),
    "makes 3d": ("a 3D model", "ein 3D-Modell"),
    "makes 3d many": ("3D models", "3D-Modelle"),
    "makes code": ("a program", "ein Programm"),
    "makes code many": ("programs", "Programme"),
    "makes": ("makes", "macht"),
    "and": ("and", "und"),
    # One run
    "state waiting": ("to come", "kommt noch"),
    "state working": ("in the works", "in Arbeit"),
    "state done": ("done", "fertig"),
    "state held": ("being checked", "wird geprüft"),
    "state hidden": ("not shown", "nicht gezeigt"),
    "state blocked": ("stopped", "gestoppt"),
    "state failed": ("failed", "misslungen"),
    "state stopped": ("broken off", "abgebrochen"),
    "state skipped": ("not needed", "nicht nötig"),
    "held": (
        "It is shown when the safety check has seen it.",
        "Wird gezeigt, wenn die Sicherheitsprüfung es gesehen hat.",
    ),
    "failed note": ("Something went wrong here.", "Hier ist etwas schiefgegangen."),
    "status waiting": ("waiting", "wartet"),
    "status running": ("under way", "unterwegs"),
    "status completed": ("arrived", "angekommen"),
    "status partial": ("partly made", "teilweise gelungen"),
    "status blocked": ("stopped by a safety check", "von der Sicherheitsprüfung gestoppt"),
    "status error": ("failed", "misslungen"),
    "status cancelled": ("broken off", "abgebrochen"),
    "status interrupted": ("interrupted", "unterbrochen"),
    "sentence waiting": (
        "Others are first. The journey begins by itself.",
        "Andere sind zuerst dran. Die Reise beginnt von selbst.",
    ),
    "sentence running": ("The journey is under way.", "Die Reise ist unterwegs."),
    "sentence completed": ("Everything that was asked for was made.", "Alles, was gewünscht war, ist entstanden."),
    "sentence partial": (
        "Some of it was made; the rest failed or was stopped.",
        "Einiges ist entstanden; anderes ist misslungen oder wurde gestoppt.",
    ),
    "sentence blocked": (
        "A safety check stopped the journey. That is an outcome, not an error.",
        "Eine Sicherheitsprüfung hat die Reise gestoppt. Das ist ein Ergebnis, kein Fehler.",
    ),
    "sentence error": ("An error ended the journey.", "Ein Fehler hat die Reise beendet."),
    "sentence cancelled": ("Somebody broke the journey off.", "Jemand hat die Reise abgebrochen."),
    "sentence interrupted": (
        "The server ended before the journey did.",
        "Der Server endete, bevor die Reise zu Ende war.",
    ),
    "position": ("Place in the queue", "Platz in der Schlange"),
    "route": ("The languages on the way", "Die Sprachen unterwegs"),
    "whole": ("Full text and parameters", "Ganzer Text und Parameter"),
    "whole text": ("Full text", "Ganzer Text"),
    "open picture": ("Open the picture in full size", "Bild in voller Größe öffnen"),
    "from": ("from", "von"),
    "to": ("to", "nach"),
    "steps": ("steps", "Schritten"),
    "of": ("of", "von"),
    "seconds": ("s", "s"),
    "stop": ("Break off", "Abbrechen"),
    "again same": ("Again with the same seed", "Noch einmal mit demselben Seed"),
    "again new": ("Again with a new seed", "Noch einmal mit neuem Seed"),
    "again": ("Again", "Noch einmal"),
    "new": ("Another sentence", "Ein anderer Satz"),
    "exports": ("Take it home", "Mitnehmen"),
    "exports hint": (
        "The same journey as a file, to print, to keep or to study.",
        "Dieselbe Reise als Datei, zum Drucken, Behalten oder Erforschen.",
    ),
    "for students": ("Students", "Lernende"),
    "for researchers": ("Research", "Forschung"),
    "view": ("For whom this is shown", "Für wen das gezeigt wird"),
    "missing": ("The file is not here.", "Die Datei ist nicht da."),
    "connection lost": (
        "The connection is gone. The journey goes on; this page tries again.",
        "Die Verbindung ist weg. Die Reise geht weiter; diese Seite versucht es wieder.",
    ),
    "no script": (
        "Scripts are off: this page loads itself again every few seconds.",
        "Skripte sind aus: Diese Seite lädt sich alle paar Sekunden neu.",
    ),
    "facts": ("About this run", "Über diesen Lauf"),
    "took": ("Duration", "Dauer"),
    "started": ("Started", "Beginn"),
    "run": ("Run", "Lauf"),
    "repeats": ("Repeats", "Wiederholt"),
    "nothing": ("Nothing was logged in this run.", "In diesem Lauf wurde nichts aufgezeichnet."),
    # List of runs
    "damaged files": (
        "Files that cannot be read; their runs are not in this list",
        "Dateien, die nicht lesbar sind; ihre Läufe fehlen in dieser Liste",
    ),
    "damaged run": ("The record of this run cannot be read.", "Die Aufzeichnung dieses Laufs ist nicht lesbar."),
    "runs title": ("All runs", "Alle Läufe"),
    "filter": ("Show", "Zeigen"),
    "all": ("all", "alle"),
    "status": ("Outcome", "Ergebnis"),
    "configuration": ("Configuration", "Konfiguration"),
    "day": ("Day", "Tag"),
    "search": ("Run id or configuration", "Kennung oder Konfiguration"),
    "no runs": ("There is no such run yet.", "Noch kein solcher Lauf."),
    "first run": ("Send a first sentence off", "Einen ersten Satz losschicken"),
    "earlier": ("Earlier", "Frühere"),
    "later": ("Later", "Spätere"),
    "paging": ("Pages of the list", "Seiten der Liste"),
    "hidden prompt": ("not shown", "nicht gezeigt"),
    # Coming in, and trouble
    **LOGIN_WORDS,
    "trouble 400": ("That does not work like this", "So geht es nicht"),
    "trouble 403": ("Not allowed", "Nicht erlaubt"),
    "trouble 404": ("Not found", "Nicht gefunden"),
    "trouble 413": ("Too large", "Zu groß"),
    "trouble 500": ("Something went wrong", "Etwas ist schiefgegangen"),
    "trouble 501": ("Not installed here", "Hier nicht installiert"),
    "trouble 503": ("Too busy just now", "Gerade zu viel los"),
    "trouble 410": ("Broken off", "Abgebrochen"),
    "trouble 429": ("Too much at once", "Zu viel auf einmal"),
    "full": (
        "Too many journeys are waiting already. Your sentence is still here: send it again in {seconds} seconds.",
        "Es warten schon zu viele Reisen. Dein Satz steht noch da: Schick ihn in {seconds} Sekunden noch einmal los.",
    ),
    "not yours": (
        "Only who asked for a journey may break it off or send it off again, from the same browser.",
        "Nur wer eine Reise losgeschickt hat, kann sie abbrechen oder noch einmal losschicken, vom selben Browser aus.",
    ),
    "run lost": (
        "The server was ended while this journey was under way, and nothing of it is stored.",
        "Der Server wurde beendet, während diese Reise unterwegs war, und nichts von ihr ist gespeichert.",
    ),
    "trouble 404 sentence": ("There is nothing at this address.", "Unter dieser Adresse gibt es nichts."),
    "back": ("Back to the start", "Zurück zum Start"),
    # What the configurations that come along do
    "about stillepost": (
        "Eight translations, each of what the one before made. What comes home?",
        "Acht Übersetzungen, jede von dem, was die vorige gemacht hat. Was kommt heim?",
    ),
    "about stillepost_random": (
        "Eight languages drawn by lot. Nobody knows where the sentence travels.",
        "Acht ausgeloste Sprachen. Niemand weiß, wohin der Satz reist.",
    ),
    "about journey_across_scripts": (
        "Through Arabic, Greek, Japanese and Polish, and always back by way of English.",
        "Durch Arabisch, Griechisch, Japanisch und Polnisch, immer über das Englische.",
    ),
    "about dada": (
        "The words are shaken in a bag; a picture of the poem that comes out.",
        "Die Wörter werden in der Tüte geschüttelt; dazu ein Bild des Gedichts.",
    ),
    "about theopposite": (
        "Every word that has an opposite is turned round.",
        "Jedes Wort, das ein Gegenteil hat, wird umgedreht.",
    ),
    "about bauhaus": (
        "Circles, triangles and squares in few inks.",
        "Kreise, Dreiecke und Quadrate in wenigen Farben.",
    ),
    "about image_comparison": ("The same sentence in two palettes.", "Derselbe Satz in zwei Paletten."),
    "about three_outputs": (
        "Three pictures; the first palette returns with another seed.",
        "Drei Bilder; die erste Palette kehrt mit anderem Seed wieder.",
    ),
    "about image_and_music": (
        "A picture, and music with the rhythm of the words.",
        "Ein Bild, und Musik im Rhythmus der Wörter.",
    ),
    "about image_input": (
        "Your own picture, varied and rewoven.",
        "Dein eigenes Bild, verändert und neu verwoben.",
    ),
    "about ollama_stillepost": (
        "Eight languages drawn by lot, translated by a language model.",
        "Acht ausgeloste Sprachen, übersetzt von einem Sprachmodell.",
    ),
    "about ollama_dada": (
        "A language model makes the Dada poem; a picture of it.",
        "Ein Sprachmodell macht das Dada-Gedicht; dazu ein Bild.",
    ),
    "about comfyui_sd35": (
        "A picture by Stable Diffusion 3.5 Large.",
        "Ein Bild von Stable Diffusion 3.5 Large.",
    ),
    "about comfyui_lora": (
        "Stable Diffusion 3.5 Large, with a LoRA that bends it.",
        "Stable Diffusion 3.5 Large, mit einer LoRA, die es verbiegt.",
    ),
    "about comfyui_multi_image": (
        "Your pictures, changed as your sentence says.",
        "Deine Bilder, verändert, wie dein Satz es sagt.",
    ),
    "about comfyui_three_images": (
        "The sentence whole, and with each half of it left out.",
        "Der ganze Satz, und jede seiner Hälften weggelassen.",
    ),
    "about comfyui_music": ("Half a minute of music by ACE-Step.", "Eine halbe Minute Musik von ACE-Step."),
    "about openrouter_image": (
        "A picture by a model in the USA: the sentence leaves the house.",
        "Ein Bild von einem Modell in den USA: Der Satz verlässt das Haus.",
    ),
}

TITLES: Mapping[str, tuple[str, str]] = {
    "stillepost": ("Stille Post", "Stille Post"),
    "stillepost_random": ("Stille Post by lot", "Stille Post nach Los"),
    "journey_across_scripts": ("Across four scripts", "Durch vier Schriften"),
    "dada": ("Dada", "Dada"),
    "theopposite": ("The opposite", "Das Gegenteil"),
    "bauhaus": ("Bauhaus", "Bauhaus"),
    "image_comparison": ("Two palettes", "Zwei Paletten"),
    "three_outputs": ("Three pictures", "Drei Bilder"),
    "image_and_music": ("Picture and music", "Bild und Musik"),
    "image_input": ("With your picture", "Mit deinem Bild"),
    "ollama_stillepost": ("Stille Post by a model", "Stille Post vom Modell"),
    "ollama_dada": ("Dada by a model", "Dada vom Modell"),
    "comfyui_sd35": ("Stable Diffusion", "Stable Diffusion"),
    "comfyui_lora": ("Stable Diffusion, bent", "Stable Diffusion, verbogen"),
    "comfyui_multi_image": ("Change your pictures", "Deine Bilder verändern"),
    "comfyui_three_images": ("Half and half", "Halb und halb"),
    "comfyui_music": ("Music by a model", "Musik vom Modell"),
    "openrouter_image": ("Picture from afar", "Bild aus der Ferne"),
}
"""What the configurations that come along are called on the pages; others go by their name."""

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "A flower blooms on the meadow while an old robot sings to the moon.",
        "My grandmother keeps the whole sea in a jam jar.",
        "The small fox laughs at the big, cold rain.",
    ),
    "de": (
        "Eine blaue Blume auf der Wiese erzählt dem alten Mond eine lange Geschichte.",
        "Meine Großmutter bewahrt das ganze Meer in einem Marmeladenglas auf.",
        "Der kleine Fuchs lacht über den großen, kalten Regen.",
    ),
}

LANGUAGES = ("en", "de")

ENGLISH: Mapping[str, str] = {name: both[0] for name, both in _TABLE.items()}
GERMAN: Mapping[str, str] = {name: both[1] for name, both in _TABLE.items()}
_WORDS = {"en": ENGLISH, "de": GERMAN}


def words_of(language: str) -> Mapping[str, str]:
    """All words in `en` or `de`."""
    return _WORDS[language]


def title_of(config_name: str, language: str) -> str:
    """What a configuration is called on the pages.

    >>> title_of("image_comparison", "de"), title_of("my_own", "de")
    ('Zwei Paletten', 'my_own')
    """
    return TITLES[config_name][LANGUAGES.index(language)] if config_name in TITLES else config_name
