"""Read from a graph's history which files it saved, in the order of the graph's nodes, and what kind each is."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from devserver.backends.comfyui.client import ServerFile
from devserver.backends.comfyui.graph import Graph, title_of
from exporters.media.open_picture import open_picture
from exporters.media.png_text import text_chunks

if TYPE_CHECKING:
    from PIL import ImageFile

_PLAIN_TYPES = {"audio/x-wav": "audio/wav", "audio/x-flac": "audio/flac", "video/x-m4v": "video/mp4"}


class Saved(NamedTuple):
    """A file that a node saved, in this run or (`is_cached`) in an earlier one; or the bytes that it sent instead."""

    node_id: str
    node_title: str | None
    file: ServerFile | bytes
    is_cached: bool = False

    @property
    def name(self) -> str:
        """What the server calls the file; empty where it has none."""
        return "" if isinstance(self.file, bytes) else self.file.filename

    @property
    def is_preview(self) -> bool:
        """Whether it was made to be looked at on the way."""
        return not isinstance(self.file, bytes) and self.file.type == "temp"

    @property
    def facts(self) -> dict[str, Any]:
        """Where it comes from, for the record."""
        place = {"type": "websocket"} if isinstance(self.file, bytes) else self.file._asdict()
        origin = {"node_id": self.node_id, "node_title": self.node_title, **place}
        return origin | ({"cached": True} if self.is_cached else {})


def saved_files(outputs: Mapping[str, Any], graph: Graph, cached: Collection[str] = ()) -> list[Saved]:
    """All files in a history's `outputs`: those of each node, in the graph's order.

    `cached` are the nodes that did not work in this run.
    """
    return [
        saved._replace(is_cached=node_id in cached)
        for node_id in _in_order(outputs, graph)
        for saved in _files_of(node_id, outputs[node_id], graph)
    ]


def holds_another_graph(content: bytes, graph: Graph) -> bool:
    """Whether a picture holds another graph than this one, as one does that an earlier run made; PNG says so."""
    try:
        written = json.loads(text_chunks(content).get("prompt", "null"))
    except (ValueError, RecursionError):
        return False  # Whatever it is, it is no graph.
    return isinstance(written, dict) and written != json.loads(json.dumps(graph))


def shown_texts(outputs: Mapping[str, Any], graph: Graph) -> dict[str, list[str]]:
    """Texts that nodes showed instead of saving them, by node: what a language model within the graph wrote."""
    texts = {node_id: outputs[node_id].get("text") for node_id in _in_order(outputs, graph)}
    return {node_id: list(map(str, shown)) for node_id, shown in texts.items() if isinstance(shown, list | tuple)}


def media_format_of(content: bytes, file_name: str, said: str = "") -> str:
    """The type of a file by its content; by its name and by what the server `said` where the content says nothing."""
    picture = _opened(content)
    shown = picture.get_format_mimetype() if picture else _other_type(content)
    found = shown or mimetypes.guess_type(file_name)[0] or said
    return _PLAIN_TYPES.get(found, found) or "application/octet-stream"


def size_of(content: bytes) -> dict[str, int]:
    """The width and height of an image; nothing of anything else."""
    picture = _opened(content)
    return {"width": picture.width, "height": picture.height} if picture else {}


def _in_order(outputs: Mapping[str, Any], graph: Graph) -> list[str]:
    """Nodes of the graph first; then those that it made of itself while it ran."""
    known = [node_id for node_id in outputs if isinstance(outputs[node_id], Mapping)]
    return [node_id for node_id in graph if node_id in known] + [node_id for node_id in known if node_id not in graph]


def _files_of(node_id: str, output: Mapping[str, Any], graph: Graph) -> Iterator[Saved]:
    for entries in output.values():  # `images`, `audio`, `gifs`, `3d`: each kind of node has its own word
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and isinstance(entry.get("filename"), str):
                file = ServerFile(entry["filename"], entry.get("subfolder") or "", entry.get("type") or "output")
                yield Saved(node_id, title_of(graph[node_id]) if node_id in graph else None, file)


def _opened(content: bytes) -> ImageFile.ImageFile | None:
    """The picture, of which nothing but the head is read; None for what is none."""
    from PIL import Image, UnidentifiedImageError

    try:
        return open_picture(content)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _other_type(content: bytes) -> str | None:
    try:
        import filetype
    except ImportError:  # It is an extra: without it names tell.
        return None
    return cast("str | None", filetype.guess_mime(content))
