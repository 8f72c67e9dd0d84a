"""A record in which every field that takes a text holds the same one: what must never become more than text."""

from records import a_record, a_span, an_item

from otel_tracking import ItemType, Media, MediaType

MARKUP = (
    "</div></style></title></textarea>--><script>alert(1)</script><img src=x onerror=alert(2)> ]]> "
    "\" onmouseover=\"alert(3)\" ' x='y' <a href='javascript:alert(4)'>&lt;b&gt; {{ 7*7 }} {% raw %} &#60;i&#62;"
)
CHARACTERS = (
    "NUL\x00 bell\x07 escape\x1b[31m half\ud83d mark\ufffe \u202etfel hcan sthcer nov\u202c زهرة "
    "👩‍👩‍👧‍👦 \r\n\u2028 end"
)
HOSTILE = f"{MARKUP} {CHARACTERS}"

_PLACES = {
    ItemType.USER_INPUT_TEXT: (1, None),
    ItemType.STAGE1_SAFETY_CHECK: (1, None),
    ItemType.TRANSLATION_RESULT: (1, None),
    ItemType.INTERCEPTION_ITERATION: (2, None),
    ItemType.INTERCEPTION_FINAL: (2, None),
    ItemType.STAGE3_SAFETY_CHECK: (3, 1),
    ItemType.OUTPUT_IMAGE: (4, 1),
    ItemType.OUTPUT_MUSIC: (4, 1),
    ItemType.OUTPUT_CODE: (4, 1),
    ItemType.OUTPUT_BLOCKED: (4, 1),
    ItemType.OUTPUT_FAILED: (4, 2),
    ItemType.PIPELINE_ERROR: (4, None),
}


def a_hostile_record(text=HOSTILE):
    """Names, texts, keys, types and messages: all of them are `text`."""
    names = ("from_lang", "to_lang", "input_language", "node_title", "reason", "seed", "width", "height", text)
    metadata = dict.fromkeys(names, text) | {"safe": False, "codes": [text], "found_terms": [text]}
    fields = dict.fromkeys(("content", "input_text", "config_used", "model_used", "backend_used"), text)
    items = [
        an_item(item_type=kind, stage=stage, loop_iteration=output, metadata=metadata, **fields, **_medium(kind, text))
        for kind, (stage, output) in {**_PLACES, text: (None, None)}.items()
    ]
    values = {"configured": {text: text}, "passed": {text: [text, {text: text}]}, "response": text, "facts": text}
    values |= {"error": {"error_type": text, "error_message": text}, "status": "error", "not_passed": (text,)}
    spans = (
        a_span(name=text, **values, **dict.fromkeys(("config_used", "model_used", "backend_used"), text)),
        a_span(name=text, span_id=text, parent_span_id="00f067aa0ba902b7", kind=text, config_used=text),
    )
    people = ("config_name", "user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues")
    others = ("execution_mode", "safety_level", "used_seed", "error", "status", "finish_reason", "trace_id")
    return a_record(items=items, spans=spans, **dict.fromkeys((*people, *others), text), metadata={text: text})


def _medium(kind, text):
    if kind not in (ItemType.OUTPUT_IMAGE, ItemType.OUTPUT_MUSIC):
        return {"media_type": MediaType.TEXT}
    return {"media_type": text, "file_path": text, "media": Media(text, 5, text)}
