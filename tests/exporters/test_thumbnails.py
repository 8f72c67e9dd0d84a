"""Thumbnails: small, plain, and None where there is no picture to be had."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from exporters.media.thumbnails import thumbnail


def saved(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("size", "expected"), [((1200, 800), (512, 341)), ((300, 2000), (77, 512)), ((40, 30), (40, 30)), ((1, 1), (1, 1))]
)
def test_the_longest_side_is_512_and_small_pictures_stay(size, expected, kind):
    """In the shape of the picture; JPEG or WebP."""
    small = opened(thumbnail(saved(Image.new("RGB", size, "teal")), image_format=kind))
    assert (small.format, small.mode, small.size) == (kind, "RGB", expected)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    + [("CMYK", "JPEG"), ("F", "TIFF"), ("L", "GIF")],
)
def test_every_kind_of_pixel_becomes_plain_colour(mode, kind):
    """Palettes, transparency, print colours, 16 bits and floats."""
    assert opened(thumbnail(saved(Image.new(mode, (600, 20)), kind))).size == (512, 17)


def test_what_is_clear_is_white_and_a_turned_camera_is_followed():
    """As a page would show it."""
    clear = opened(thumbnail(saved(Image.new("RGBA", (9, 9), (0, 0, 0, 0))), image_format="WEBP"))
    assert clear.getpixel((4, 4)) == (255, 255, 255)

    turned = Image.Exif()
    turned[0x0112] = 6
    assert opened(thumbnail(saved(Image.new("RGB", (90, 30)), "JPEG", exif=turned))).size == (30, 90)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_nothing_that_came_along_in_the_file_is_left(kind):
    """No prompt, no comment, no place where a photograph was taken."""
    info = PngInfo()
    info.add_text("prompt", "Anna aus der 7b")
    exif = Image.Exif()
    exif[0x010E] = "Anna aus der 7b"
    small = thumbnail(saved(Image.new("RGB", (900, 9)), pnginfo=info, exif=exif), image_format=kind)

    assert b"Anna" not in small
    assert opened(small).getexif() == {}


def test_the_same_picture_has_the_same_thumbnail():
    """Byte for byte: whoever stores it can compare."""
    picture = saved(Image.radial_gradient("L").resize((700, 700)))
    assert thumbnail(picture) == thumbnail(picture)


def lying(width, height):
    """A PNG of some bytes that says it is very large."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = (header, body, b"IEND")
    parts = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture at all",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        saved(Image.effect_noise((64, 64), 60))[:900],
        lying(100_000, 100_000),
        lying(9_000, 9_000),
        lying(300, 300),
    ],
    ids=["empty", "text", "svg", "postscript", "cut off", "bomb", "too many pixels", "fewer pixels than it says"],
)
def test_what_is_no_whole_picture_has_none(content):
    """Nothing is run, nothing is unpacked that does not fit, nothing raises."""
    assert thumbnail(content) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(content):
    """With a picture or with None."""
    made = thumbnail(content)
    assert made is None or opened(made).format == "JPEG"
