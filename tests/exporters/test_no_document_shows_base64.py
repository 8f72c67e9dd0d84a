"""Media that stand in a text as base64 are a sign in whatever people read; data keep them; other long texts stay."""

import base64

import pytest
from builders import a_record, an_item

from exporters import FORMATS
from exporters.story.readable import readable, visible

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 768
BASE64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{BASE64}"
SIGN = "⟨image/png, 197 kB⟩"


@pytest.mark.parametrize("text", [URL, BASE64, f"{URL}\nund {BASE64}"], ids=["data URL", "base64", "two in a text"])
def test_a_text_shows_a_sign_for_each(text):
    assert visible(text) == text.replace(URL, SIGN).replace(BASE64, SIGN)


def test_a_graph_shows_a_sign_where_an_image_is():
    assert SIGN in readable({"nodes": {"10": {"image": URL, "seed": 7}}})
    assert len(readable({"nodes": {"10": {"image": URL, "seed": 7}}})) < 200


@pytest.mark.parametrize("text", ["x" * 100_000, "Eine Blume " * 10_000, "d" * 1_023 + " " + "a/" * 5_000])
def test_any_other_long_text_is_shown_whole(text):
    assert visible(text) == text


def test_pages_hold_none_of_it_and_data_all():
    """A record of an earlier version, in which nobody looked for media: a page of some KB, JSON with every letter."""
    items = [
        an_item(item_type="user_input_text", content=URL, stage=1),
        an_item(item_type="output_image", file_path=URL, stage=4, metadata={"graph": {"10": {"image": URL}}}),
    ]
    record = a_record(items=items, metadata={"image_data": BASE64})
    page = FORMATS["html"].render(record).decode()
    assert BASE64[:1_000] not in page
    assert len(page) < 50_000
    assert FORMATS["json"].render(record).decode().count(BASE64) == 4
