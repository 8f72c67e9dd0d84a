"""A picture is the same picture wherever it is shown: upright, light where it is light, in its colours."""

import importlib.util
import io

import numpy as np
import pytest
from pictures_in_documents import pictures_in
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from exporters.media.pictures import clean_picture, small_picture

ARCHIVE = pytest.param(
    "pdfa", marks=pytest.mark.skipif(not importlib.util.find_spec("pikepdf"), reason="pikepdf is not installed")
)

everywhere = pytest.mark.parametrize("name", ["html", "docx", "pdf", ARCHIVE, "thumbnail"])
for_everybody = pytest.mark.parametrize("audience", ["researcher", "student"])


def saved(picture, kind="PNG", **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def shown(name, content, audience):
    """The one picture of that document, in colours."""
    [picture] = pictures_in(name, content, audience)
    return picture


def colours_across(picture):
    """From left to right, along the middle."""
    flat = picture.convert("RGB")
    return [flat.getpixel((place * (flat.width - 1) // 4, flat.height // 2)) for place in range(5)]


def a_ramp(kind, low, high):
    """Numbers that grow from left to right."""
    return np.tile(np.linspace(low, high, 60), (20, 1)).astype(kind)


def a_linear_grey_profile():
    """Numbers are light itself: what is half as light is far brighter than a screen would show it."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    head = bytes(profile[:16]) + b"GRAY" + bytes(profile[20:128])
    white = b"XYZ " + bytes(4) + b"\x00\x00\xf6\xd6\x00\x01\x00\x00\x00\x00\xd3\x2d"
    curve = b"curv" + bytes(8)
    start = 128 + 4 + 2 * 12
    table = (2).to_bytes(4, "big")
    for name, place, size in ((b"kTRC", start, 12), (b"wtpt", start + 12, 20)):
        table += name + place.to_bytes(4, "big") + size.to_bytes(4, "big")
    made = head + table + curve + white
    return len(made).to_bytes(4, "big") + made[4:]


@everywhere
@for_everybody
def test_a_photograph_taken_sideways_stands_upright(name, audience):
    """As the telephone showed it to whoever took it."""
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste((200, 30, 40), (0, 0, 20, 20))

    seen = shown(name, saved(picture, "JPEG", exif=turned, quality=95), audience).convert("RGB")

    assert seen.size == (20, 40)
    assert seen.getpixel((10, 5))[1] < 80 and seen.getpixel((10, 35))[1] > 220


DEEP = {
    "a depth map of 16 bits": saved(Image.fromarray(a_ramp("uint16", 1_000, 9_000))),
    "a depth map of 16 bits, the other way round in memory": saved(Image.fromarray(a_ramp(">u2", 0, 65_535)), "TIFF"),
    "a depth map of 32 bits": saved(Image.fromarray(a_ramp("int32", 0, 2_000_000)), "TIFF"),
    "floats from 0 to 1": saved(Image.fromarray(a_ramp("float32", 0, 1)), "TIFF"),
    "floats on both sides of 0": saved(Image.fromarray(a_ramp("float32", -40, 40)), "TIFF"),
}


@everywhere
@for_everybody
@pytest.mark.parametrize("kind", DEEP)
def test_a_picture_of_many_depths_has_light_and_dark(kind, name, audience):
    """Neither white all over nor black."""
    reds = [red for red, _, _ in colours_across(shown(name, DEEP[kind], audience))]

    assert reds == sorted(reds)
    assert reds[0] < 25 and 100 < reds[2] < 155 and reds[-1] > 230


@pytest.mark.parametrize("nowhere", [float("nan"), float("inf"), float("-inf")])
def test_a_depth_that_is_no_number_leaves_the_others_alone(nowhere):
    """Depth maps say so of the sky."""
    depths = a_ramp("float32", 2, 9)
    depths[:3] = nowhere
    content = saved(Image.fromarray(depths), "TIFF")

    for picture in (small_picture(content, 512), Image.open(io.BytesIO(clean_picture(content).content))):
        reds = [red for red, _, _ in colours_across(picture)]
        assert reds[0] < 25 and 100 < reds[2] < 155 and reds[-1] > 230
        assert picture.convert("L").getpixel((0, 0)) == (255 if nowhere == float("inf") else 0)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [("uint16", 65_535, 255), ("uint16", 0, 0), ("float32", 1, 255), ("float32", 0.5, 128), ("float32", -3, 0)],
)
def test_a_picture_of_one_depth_is_as_light_as_that(kind, value, expected):
    """White is white: there is nothing darker to compare it with."""
    content = saved(Image.fromarray(np.full((9, 9), value, kind)), "TIFF")
    assert small_picture(content, 512).getpixel((4, 4)) == pytest.approx(expected, abs=1)


@everywhere
@for_everybody
def test_grey_that_is_clear_in_places_is_grey_and_clear(name, audience):
    """The profile of grey pictures is none for the colours that it is written in, and is not beside them."""
    picture = Image.new("LA", (40, 20), (128, 255))
    picture.paste((128, 0), (0, 0, 20, 20))
    seen = shown(name, saved(picture, icc_profile=a_linear_grey_profile()), audience)

    assert seen.info.get("icc_profile") is None
    red, green, blue = seen.convert("RGB").getpixel((35, 10))
    assert red == green == blue == pytest.approx(188, abs=4)
    if name == "thumbnail":
        assert seen.getpixel((5, 10)) == (255, 255, 255)
    else:
        assert seen.mode in ("RGBA", "LA")
        assert seen.getchannel("A").getextrema() == (0, 255)


def test_grey_looks_the_same_whether_or_not_it_may_be_clear():
    """In documents and in copies for students."""
    profile = a_linear_grey_profile()
    plain = saved(Image.new("L", (8, 8), 128), icc_profile=profile)
    clear = saved(Image.new("LA", (8, 8), (128, 255)), icc_profile=profile)

    assert [small_picture(one, 512).convert("RGB").getpixel((4, 4)) for one in (plain, clear)] == [(188, 188, 188)] * 2
    copy = Image.open(io.BytesIO(clean_picture(clear).content))
    assert copy.convert("RGB").getpixel((4, 4)) == (188, 188, 188)
    assert "icc_profile" not in copy.info


@everywhere
@for_everybody
def test_a_png_with_much_text_is_a_picture(name, audience):
    """More than a megabyte, packed; and it stays out."""
    info = PngInfo()
    info.add_text("workflow", "Anna " * 600_000, zip=True)
    content = saved(Image.new("RGB", (8, 4), (10, 200, 30)), pnginfo=info)

    seen = shown(name, content, audience)
    assert seen.size == (8, 4)
    assert seen.convert("RGB").getpixel((4, 2)) == pytest.approx((10, 200, 30), abs=3)
