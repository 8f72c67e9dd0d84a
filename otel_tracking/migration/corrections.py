"""What earlier routes pass that is not so: constants in the place of measurements, media inside of metadata.

Nothing is thrown away: what is not believed stands under `not_measured`, what was given for a file
under `given_file_path`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from otel_tracking.taxonomy import ItemType
from otel_tracking.values.media_in_texts import GIVEN_FILE_PATH, Medium, as_medium, before_base64

NOT_MEASURED = "not_measured"
MEDIA_INDEX = "media_index"

TEXTS = ("file_path", "content", "input_text")
"""The fields of an item in whose place a medium may have been handed over."""

_OF_ITEM = {"file_path": GIVEN_FILE_PATH, "content": "content", "input_text": "input_text"}

_OUTPUT_OF_MEDIUM = {
    "image": ItemType.OUTPUT_IMAGE,
    "audio": ItemType.OUTPUT_AUDIO,
    "music": ItemType.OUTPUT_MUSIC,
    "video": ItemType.OUTPUT_VIDEO,
    "3d": ItemType.OUTPUT_3D,
    "code": ItemType.OUTPUT_CODE,
}
_OUTPUT_OF_SUFFIX = {
    **dict.fromkeys((".wav", ".mp3", ".ogg", ".flac"), ItemType.OUTPUT_AUDIO),
    **dict.fromkeys((".mid", ".midi"), ItemType.OUTPUT_MUSIC),
    **dict.fromkeys((".mp4", ".webm", ".mov"), ItemType.OUTPUT_VIDEO),
    **dict.fromkeys((".glb", ".gltf", ".obj", ".ply", ".stl"), ItemType.OUTPUT_3D),
}


def known_model(model_used: Any, metadata: Any = None) -> Any:
    """The model, where `unknown` was written from what the backend said; None where nobody knows.

    >>> known_model("unknown", {"model": "sd3.5_large"}), known_model("unknown")
    ('sd3.5_large', None)
    """
    if model_used not in (None, "", "unknown"):
        return model_used
    said = metadata if isinstance(metadata, dict) else {}
    return said.get("model") or said.get("model_id") or None


def measured_translation(from_lang: Any, to_lang: Any, execution_time: Any) -> tuple[dict[str, Any], Any]:
    """Metadata and time of a translation; the constants that routes pass are nobody's measurement.

    >>> measured_translation("de", "en", 0.0)[1] is None
    True
    """
    if (from_lang, to_lang) == ("de", "en") and not execution_time:
        claimed = {"from_lang": from_lang, "to_lang": to_lang, "execution_time": execution_time}
        return {"from_lang": None, "to_lang": None, NOT_MEASURED: claimed}, None
    return {"from_lang": from_lang, "to_lang": to_lang}, execution_time


def measured_hop(number: Any, from_lang: Any, to_lang: Any) -> dict[str, Any]:
    """Metadata of a hop: that the first one comes from English is a constant, whatever was typed."""
    if number == 1 and from_lang == "en":
        return {"from_lang": None, "to_lang": to_lang, NOT_MEASURED: {"from_lang": from_lang}}
    return {"from_lang": from_lang, "to_lang": to_lang}


def real_type(item_type: ItemType, given: dict[str, Any], metadata: Any, media: list[Medium]) -> ItemType:
    """What was really logged: an output that is no image, an image that was typed.

    >>> png = b"\\x89PNG", "image/png"
    >>> real_type(ItemType.USER_INPUT_TEXT, {"content": "data:image/png;base64,iVBORw=="}, {}, [png])
    <ItemType.USER_INPUT_IMAGE: 'user_input_image'>
    """
    if item_type == ItemType.OUTPUT_IMAGE:
        return output_type(given.get("file_path"), metadata, media)
    is_image = bool(media) and media[0][1].startswith("image/")
    return ItemType.USER_INPUT_IMAGE if item_type == ItemType.USER_INPUT_TEXT and is_image else item_type


def output_type(file_path: Any, metadata: Any, media: list[Medium]) -> ItemType:
    """What an output logged as an image really is: as the backend says, or its bytes, or its file's name.

    >>> output_type("song.mp3", {}, []), output_type("a prompt id", {"media_type": "video"}, [])
    (<ItemType.OUTPUT_AUDIO: 'output_audio'>, <ItemType.OUTPUT_VIDEO: 'output_video'>)
    """
    said = metadata.get("media_type") if isinstance(metadata, dict) else None
    if isinstance(said, str) and said in _OUTPUT_OF_MEDIUM:
        return _OUTPUT_OF_MEDIUM[said]
    if media and (kind := media[0][1].partition("/")[0]) in _OUTPUT_OF_MEDIUM:
        return _OUTPUT_OF_MEDIUM[kind]
    suffix = PurePosixPath(file_path).suffix.lower() if isinstance(file_path, str) else ""
    return _OUTPUT_OF_SUFFIX.get(suffix, ItemType.OUTPUT_IMAGE)


def stored_path(file_path: Any) -> tuple[str | None, dict[str, Any]]:
    """The path of a file below `media/`, and otherwise what was given in its place, as metadata.

    >>> stored_path("workflow_prepared")
    (None, {'given_file_path': 'workflow_prepared'})
    """
    if isinstance(file_path, str) and file_path.startswith("media/") and ".." not in file_path:
        return file_path, {}
    return None, {} if file_path is None else {GIVEN_FILE_PATH: file_path}


def lift_media(metadata: Any) -> tuple[Any, list[Medium]]:
    """Metadata without the media that stand in it, as bytes or base64, and these; in their place is their number.

    `base64` beside it says what stood before base64, such as `data:image/png;base64,`. Entries are looked at, the parts
    of lists, and of the dicts in such a list the entries: graphs are left alone.

    >>> lift_media({"seed": 7, "image_data": "iVBORw0KGgoAAAAN"})[0]
    {'seed': 7, 'image_data': {'media_index': 1, 'base64': ''}}
    """
    found: list[Medium] = []

    def lifted(value: Any) -> Any:
        medium = as_medium(value)
        if medium is None:
            return value
        found.append(medium)
        return {MEDIA_INDEX: len(found), **({"base64": before_base64(value)} if isinstance(value, str) else {})}

    if not isinstance(metadata, dict):
        return metadata, found
    slim = {key: _with_parts(value, lifted) for key, value in metadata.items()}
    return (slim if found else metadata), found


def lift_fields(fields: dict[str, Any]) -> tuple[dict[str, Any], list[Medium]]:
    """The fields of an item without the media that stand in its texts or its metadata, and these.

    In metadata their number stands where they stood; the number of one that was a text stands under the text's name.

    >>> slim, media = lift_fields({"content": "data:image/png;base64,iVBORw0KGgoAAAAN"})
    >>> slim, media[0][1]
    ({'content': None, 'metadata': {'content': {'media_index': 1, 'base64': 'data:image/png;base64,'}}}, 'image/png')
    """
    # Not looked at where a text has no sign of it: this is done for every item.
    texts = {name: value for name in TEXTS if isinstance(value := fields.get(name), str) and as_medium(value)}
    metadata = fields.get("metadata") or {}
    if not isinstance(metadata, dict):
        return fields, []
    lifted, media = lift_media({**{_OF_ITEM[name]: text for name, text in texts.items()}, **metadata})
    if not media:
        return fields, []
    return {**fields, **dict.fromkeys(texts), "metadata": lifted}, media


def _with_parts(value: Any, lifted: Callable[[Any], Any]) -> Any:
    if isinstance(value, list | tuple):
        return [
            {key: lifted(entry) for key, entry in part.items()} if isinstance(part, dict) else lifted(part)
            for part in value
        ]
    return lifted(value)
