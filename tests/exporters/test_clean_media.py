"""Media for students: what is seen and heard is the same, and the file says nothing else."""

import base64
import io
import json
import struct
import wave

import pytest
from builders import a_record, an_item
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from devserver.testing import WAV
from exporters import FORMATS
from exporters.media.clean_media import clean_copy
from exporters.media.pictures import MEDIA_TYPES, clean_picture
from exporters.media.thumbnails import thumbnail
from otel_tracking import ItemType
from otel_tracking.record import Media

NAME = "Anna Mueller 7b"
SECRETS = (b"Anna", b"A\0n\0n\0a", "Anna".encode("utf-16-be"), b"GPS", b"xmp", b"http://ns.adobe.com")


def opened(content):
    return Image.open(io.BytesIO(content))


def a_photograph(orientation=6, size=(40, 20), **more):
    """As a telephone takes it: who, where, a smaller copy of it, a comment, lying on its side."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x0112] = NAME, NAME, orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (50.0, 56.0, 7.0), 3: "E", 4: (6.0, 57.0, 32.0)})
    picture = Image.new("RGB", size, "white")
    picture.paste((200, 30, 40), (0, 0, size[0] // 2, size[1]))
    buffer = io.BytesIO()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>" + NAME.encode() + b"</dc:creator></x:xmpmeta>"
    options = {"exif": exif, "comment": NAME.encode(), "xmp": xmp, "quality": 95, **more}
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue() + b"behind the picture: " + NAME.encode()


def a_drawing(**more):
    info = PngInfo()
    info.add_text("prompt", NAME)
    info.add_itxt("XML:com.adobe.xmp", NAME)
    info.add_text("workflow", NAME, zip=True)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = NAME
    Image.effect_noise((16, 12), 60).convert("RGB").save(buffer, "PNG", pnginfo=info, exif=exif, **more)
    return buffer.getvalue() + NAME.encode()


def a_profile(name=NAME):
    """A profile whose red is green, so that it matters; with a name in its description."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = {bytes(profile[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    profile[red + 4 : red + 12], profile[green + 4 : green + 12] = (
        profile[green + 4 : green + 12],
        profile[red + 4 : red + 12],
    )
    (at,) = struct.unpack_from(">I", profile, entries[b"desc"] + 4)
    text = name.encode("utf-16-be") if profile[8] >= 4 else name.encode()
    place = at + (28 if profile[8] >= 4 else 12)
    profile[place : place + len(text[:8])] = text[:8]
    return bytes(profile)


def says_nothing(content):
    assert not any(secret in content for secret in SECRETS), content[:200]
    info = opened(content).info
    assert not info.keys() & {"exif", "comment", "xmp", "prompt", "workflow", "XML:com.adobe.xmp", "photoshop"}
    # A TIFF file says in such fields how its pixels lie.
    assert opened(content).format == "TIFF" or dict(opened(content).getexif()) == {}
    return True


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_a_picture_keeps_its_format_and_loses_what_it_says(kind):
    exif = Image.Exif()
    exif[0x010E] = NAME
    more = {"comment": NAME} if kind in ("JPEG", "GIF") else {}
    more |= {"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF") else {}
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), (10, 200, 30)).save(buffer, kind, **more)
    copy = clean_picture(buffer.getvalue() + NAME.encode() * (kind != "TIFF"))
    assert copy.media_type == MEDIA_TYPES[kind]
    assert (opened(copy.content).format, opened(copy.content).size) == (kind, (30, 20))
    assert says_nothing(copy.content)
    red, green, blue = opened(copy.content).convert("RGB").getpixel((9, 9))
    assert max(abs(red - 10), abs(green - 200), abs(blue - 30)) < 8


def test_a_photograph_stands_upright_and_nobody_knows_where_it_was_taken():
    given = a_photograph()
    assert NAME.encode() in given
    shown = opened(clean_picture(given).content)
    assert shown.size == (20, 40)
    assert says_nothing(clean_picture(given).content)
    top, bottom = shown.getpixel((10, 5)), shown.getpixel((10, 35))
    assert (top[1] < 100, bottom[1] > 200) == (True, True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_to_hold_a_camera_is_followed(orientation):
    """A copy looks as the original does where its note is followed."""
    from PIL import ImageOps

    given = a_photograph(orientation, (64, 32))
    wanted = ImageOps.exif_transpose(opened(given)).convert("RGB")
    made = opened(clean_picture(given).content)
    assert made.size == wanted.size
    for place in ((4, 4), (wanted.width - 4, wanted.height - 4)):
        assert max(abs(a - b) for a, b in zip(made.getpixel(place), wanted.getpixel(place), strict=True)) < 12


def test_a_drawing_is_the_same_to_the_last_bit():
    given = a_drawing()
    copy = clean_picture(given).content
    assert opened(copy).tobytes() == opened(given).tobytes()
    assert says_nothing(copy)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_pixel_keeps_its_look(mode):
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("L").resize((9, 9)).convert(mode if mode != "I;16" else "I").convert(mode).save(
        buffer, "PNG"
    )
    made = opened(clean_picture(buffer.getvalue()).content)
    assert made.convert("RGBA").tobytes() == opened(buffer.getvalue()).convert("RGBA").tobytes()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_what_moves_goes_on_moving(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, kind, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0, lossless=True
    )
    copy = clean_picture(buffer.getvalue())
    made = opened(copy.content)
    colours = []
    for number in range(made.n_frames):
        made.seek(number)
        colours.append(made.convert("RGB").getpixel((4, 4)))
    assert colours == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


# Colours


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_colour_profile_is_kept_and_says_nothing_but_colours(kind):
    profile = a_profile()
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), (200, 30, 40)).save(buffer, kind, icc_profile=profile, lossless=True)
    copy = opened(clean_picture(buffer.getvalue()).content)
    kept = copy.info["icc_profile"]
    assert not any(secret in kept for secret in SECRETS)
    assert in_srgb(copy, kept) == pytest.approx(in_srgb(opened(buffer.getvalue()), profile), abs=6)
    assert in_srgb(copy, kept)[1] > 150, "its red is green"


def in_srgb(picture, profile):
    given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    shown = ImageCms.profileToProfile(picture.convert("RGB"), given, ImageCms.createProfile("sRGB"))
    return shown.getpixel((4, 4))


def test_small_pictures_show_the_colours_of_a_profile_without_it():
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), (200, 30, 40)).save(buffer, "PNG", icc_profile=a_profile())
    small = opened(thumbnail(buffer.getvalue()))
    assert "icc_profile" not in small.info
    assert small.getpixel((4, 4))[1] > 150


@pytest.mark.parametrize("profile", [b"Anna", b"\0" * 200, a_profile()[:300], b"Anna" * 999])
def test_what_is_no_profile_is_not_kept(profile):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), (200, 30, 40)).save(buffer, "PNG", icc_profile=profile)
    copy = opened(clean_picture(buffer.getvalue()).content)
    assert "icc_profile" not in copy.info
    assert copy.getpixel((4, 4)) == (200, 30, 40)


# Sounds, films, models, texts


def tagged_wav():
    tags = b"INFOIART" + struct.pack("<I", len(NAME) + 1) + NAME.encode() + b"\0"
    chunk = b"LIST" + struct.pack("<I", len(tags)) + tags
    return b"RIFF" + struct.pack("<I", len(WAV) - 8 + len(chunk)) + WAV[8:36] + chunk + WAV[36:]


MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)
ID3 = b"ID3\3\0\0\0\0\0\x20" + b"TIT2" + NAME.encode().ljust(28, b"\0")
FLAC_INFO = bytes([0, 0, 0, 34]) + bytes(34)
FLAC_TAGS = bytes([0x84, 0, 0, 20]) + NAME.encode().ljust(20, b"\0")


def box(name, body):
    return struct.pack(">I4s", 8 + len(body), name) + body


def an_mp4(kind=b"vide", *, tags=True):
    handler = box(b"hdlr", bytes(8) + kind + bytes(12) + NAME.encode() + b"\0")
    about = box(b"udta", box(b"\xa9xyz", b"+50.9353+006.9589/" + NAME.encode())) + box(b"meta", NAME.encode())
    movie = box(b"moov", box(b"mvhd", bytes(100)) + box(b"trak", box(b"mdia", handler)) + (about if tags else b""))
    return box(b"ftyp", b"isom\0\0\2\0isom") + movie + box(b"uuid", NAME.encode() * 2) + box(b"mdat", b"pictures")


def element(name, body):
    raw = name.to_bytes((name.bit_length() + 7) // 8, "big")
    return raw + (0x10000000 | len(body)).to_bytes(4, "big") + body


def a_webm():
    info = element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40") + element(0x7BA9, NAME.encode()))
    tags = element(0x1254C367, element(0x7373, NAME.encode() * 20))
    segment = element(0x18538067, info + tags + element(0x1F43B675, b"\xe7\x81\0"))
    return element(0x1A45DFA3, element(0x4282, b"webm")) + segment


def page(number, body, kind=0):
    segments = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = b"OggS\0" + bytes([kind]) + bytes(8) + b"\7\0\0\0" + struct.pack("<II", number, 0) + bytes([len(segments)])
    return head + segments + body


def an_opus():
    comments = b"OpusTags" + struct.pack("<I", 4) + b"Lavf" + struct.pack("<II", 1, 600) + (NAME * 60).encode()[:600]
    return page(0, b"OpusHead" + bytes(11), 2) + page(1, comments) + page(2, b"\x01\x02\x03", 4)


def a_model():
    scene = {
        "asset": {"version": "2.0", "copyright": NAME, "extras": {"prompt": NAME}},
        "nodes": [{"name": NAME, "mesh": 0}],
    }
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", 4, b"BIN\0") + b"\1\2\3\4"
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


TAGGED = {
    "wav": (tagged_wav(), "audio/wav", b"\x80" * 8),
    "mp3": (ID3 + MP3_FRAME * 3 + b"TAG" + NAME.encode().ljust(125, b"\0"), "audio/mpeg", MP3_FRAME * 3),
    "flac": (b"fLaC" + FLAC_INFO + FLAC_TAGS + b"\xff\xf8frames", "audio/flac", b"\xff\xf8frames"),
    "opus": (an_opus(), "audio/ogg", b"\x01\x02\x03"),
    "mp4": (an_mp4(), "video/mp4", b"pictures"),
    "webm": (a_webm(), "video/webm", b"\xe7\x81\0"),
    "glb": (a_model(), "model/gltf-binary", b"\1\2\3\4"),
}


@pytest.mark.parametrize("name", TAGGED)
def test_sounds_films_and_models_lose_their_tags_and_nothing_else(name):
    content, media_type, heard = TAGGED[name]
    assert NAME.encode() in content
    copy = clean_copy(content, media_type)
    assert copy.media_type == media_type
    assert b"Anna" not in copy.content
    assert b"+50.9" not in copy.content
    assert heard in copy.content
    if name in ("mp4", "webm", "opus"):
        assert len(copy.content) == len(content), "everything stays where it was"
    assert clean_copy(copy.content, media_type) == copy


def test_a_clean_sound_can_be_played():
    with wave.open(io.BytesIO(clean_copy(tagged_wav(), "audio/wav").content)) as sound:
        assert (sound.getnframes(), sound.getframerate(), sound.readframes(9)) == (8, 8000, b"\x80" * 8)


def test_the_checksums_of_a_clean_opus_file_are_right():
    """Of the page that was changed: RFC 3533's, here of a page that another program wrote."""
    from exporters.media.clean_sounds import _ogg_checksum

    known = bytes.fromhex(
        "4f67675300020000000000000000c9d5f33e000000000000000001134f707573486561640101380180bb0000000000"
    )
    assert _ogg_checksum(b"") == 0
    assert _ogg_checksum(b"123456789") == 0x89A1897F
    assert len(known) == 47


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"not really a picture " + NAME.encode(), "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><desc>Anna</desc></svg>", "image/svg+xml"),
        (a_photograph()[:300], "image/jpeg"),
        (b"RIFF....WAVE" + NAME.encode(), "audio/wav"),
        (ID3, "audio/mpeg"),
        (an_mp4(b"meta"), "video/mp4"),
        (an_mp4() + b"Anna", "video/mp4"),
        (an_mp4() + box(b"anna", b"Anna"), "video/mp4"),
        (a_webm()[:-5], "video/webm"),
        (an_opus()[:-9], "audio/ogg"),
        (an_opus() + b"Anna", "audio/ogg"),
        (a_model().replace(b"JSON", b"ANNA"), "model/gltf-binary"),
        (b"PK\3\4 Anna", "application/zip"),
        (b"%PDF-1.7 Anna", "application/pdf"),
        (b"Anna\0", "text/plain"),
        (b"Anna", ""),
    ],
)
def test_what_cannot_be_cleaned_is_not_handed_out(content, media_type):
    assert clean_copy(content, media_type) is None


def test_a_text_is_all_that_it_says():
    text = b"print('Blume')\n"
    assert clean_copy(text, "text/x-python; charset=utf-8").content == text


@given(
    st.sampled_from([b"", *(content for content, _, _ in TAGGED.values()), a_drawing(), a_photograph()]),
    st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=6)), max_size=5),
    st.integers(0, 2000),
)
def test_whatever_a_file_is_it_is_answered(content, changes, end):
    """Damaged at any place, cut off anywhere: with a copy or with None."""
    made = bytearray(content[:end])
    for place, piece in changes:
        made[place : place + len(piece)] = piece
    copy = clean_copy(bytes(made), "image/png")
    assert copy is None or copy.content


# Documents for students


def a_run_with(content, item_type=ItemType.OUTPUT_IMAGE, media_type="image/jpeg", kind="image"):
    item = an_item(
        item_type=item_type,
        media_type=kind,
        stage=4,
        loop_iteration=1,
        content=None,
        media=Media("ab" * 32, len(content), media_type),
        file_path="media/x/y",
    )
    return a_record(items=[item], safety_level="kids", attachments={"ab" * 32: content})


@pytest.mark.parametrize("format_name", ["html", "docx", "pdf"])
@pytest.mark.parametrize("content", [a_photograph(), a_drawing(), a_drawing(icc_profile=a_profile())])
def test_no_document_holds_what_a_picture_says(format_name, content):
    """Nobody's: researchers have the file itself."""
    for audience in ("student", "researcher"):
        document = FORMATS[format_name].render(a_run_with(content), audience=audience)
        for secret in (b"Anna", b"GPS", b"xmpmeta"):
            assert secret not in unpacked(document)


def unpacked(document):
    """The document, and what is packed into it."""
    import re
    import zipfile
    import zlib

    parts = [document]
    parts += [base64.b64decode(found) for found in re.findall(rb"base64,([A-Za-z0-9+/=]+)", document)]
    if document[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(document)) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    for start in re.finditer(rb"stream\r?\n", document):
        try:
            parts.append(zlib.decompressobj().decompress(document[start.end() :]))
        except zlib.error:
            continue
    return b"".join(parts)


SAID = {
    "html": "The file is not part of this document.",
    "docx": "It cannot be shown on paper.",
    "pdf": "It cannot be shown on paper.",
    "pdfa": "It cannot be shown on paper.",
}
HEIC = box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", NAME.encode()) + box(b"mdat", NAME.encode())
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><title>" + NAME.encode() + b"</title></svg>"
NOT_CLEANED = {
    "a photograph that is cut off": (a_photograph()[:400], "image/jpeg", "image"),
    "a drawing that is cut off": (a_drawing()[:-40], "image/png", "image"),
    "a GIF that is none": (b"GIF89a Anna", "image/gif", "image"),
    "a picture that nothing here reads": (HEIC, "image/heic", "image"),
    "a picture that is a page": (SVG, "image/svg+xml", "image"),
    "a picture by its name alone": (NAME.encode(), "image/png", "image"),
    "a sound that is none": (b"RIFF....WAVE Anna", "audio/wav", "music"),
    "a sound that nothing here reads": (b"#!AMR\n" + NAME.encode(), "audio/mpeg", "music"),
    "a film that is cut off": (an_mp4()[:-4], "video/mp4", "video"),
    "a film that is none": (b"\x1a\x45\xdf\xa3 Anna", "video/webm", "video"),
    "a film that nothing here reads": (b"RIFF....AVI LIST Anna", "video/mp4", "video"),
}
OF_KIND = {"image": ItemType.OUTPUT_IMAGE, "music": ItemType.OUTPUT_MUSIC, "video": ItemType.OUTPUT_VIDEO}


def a_photograph_too_large():
    """More pixels than are ever decoded, with a place and a name in it."""
    from PIL import Image

    description = Image.Exif()
    description[0x010E] = NAME
    out = io.BytesIO()
    Image.new("L", (10_000, 5_001)).save(out, "JPEG", exif=description, quality=10)
    return out.getvalue()


@pytest.mark.parametrize("format_name", ["html", "docx", "pdf"])
@pytest.mark.parametrize(
    "name", ["one that is cut off", "one that is too large", *(n for n in NOT_CLEANED if NOT_CLEANED[n][2] == "image")]
)
def test_a_picture_that_cannot_be_drawn_anew_is_in_no_document(name, format_name):
    """Nobody's: what it is, and what it says of a child, is one and the same as long as nobody can read it."""
    own = {"one that is cut off": a_photograph()[:-40]}
    own |= {"one that is too large": a_photograph_too_large()} if name == "one that is too large" else {}
    content, media_type, kind = NOT_CLEANED.get(name) or (own[name], "image/jpeg", "image")
    for audience in ("student", "researcher"):
        document = FORMATS[format_name].render(a_run_with(content, OF_KIND[kind], media_type), audience=audience)
        assert b"Anna" not in unpacked(document)
        assert b'src="data:image' not in document


def needs_pikepdf(format_name):
    """The archivable format is tested where what makes it is."""
    if format_name == "pdfa":
        pytest.importorskip("pikepdf")


def text_in(document):
    """What there is to read in a document of any format."""
    from lxml import html
    from reading_pdf import text_of

    if document.startswith(b"%PDF"):
        return " ".join(text_of(document).split())
    return html.fromstring(unpacked(document) if document[:2] == b"PK" else document).text_content()


@pytest.mark.parametrize("format_name", SAID)
@pytest.mark.parametrize("name", NOT_CLEANED)
def test_what_cannot_be_cleaned_is_left_out_for_students_and_said(name, format_name):
    """In every format: no file as it is, with the names and places in it."""
    needs_pikepdf(format_name)
    content, media_type, kind = NOT_CLEANED[name]
    document = FORMATS[format_name].render(a_run_with(content, OF_KIND[kind], media_type, kind), audience="student")

    assert b"Anna" not in unpacked(document)
    assert SAID[format_name] in text_in(document)
    assert b'src="data:' not in document and b"/Subtype/Image" not in document.replace(b" ", b"")


@pytest.mark.parametrize(
    ("content", "media_type", "kind"),
    [(tagged_wav(), "audio/wav", "music"), (an_mp4(), "video/mp4", "video"), (a_webm(), "video/webm", "video")],
)
def test_sounds_and_films_on_a_page_for_students_say_nothing_of_themselves(content, media_type, kind):
    """They are there to be heard and seen, without their tags; paper names them only."""
    for format_name in ("html", "docx", "pdf"):
        record = a_run_with(content, OF_KIND[kind], media_type, kind)
        document = FORMATS[format_name].render(record, audience="student")
        assert b"Anna" not in unpacked(document)
        assert (f'src="data:{media_type}'.encode() in document) is (format_name == "html")


@pytest.mark.parametrize("format_name", ["docx", "pdf", "pdfa"])
def test_students_are_not_told_where_a_file_lies(format_name):
    """As on the page; researchers are, to find it."""
    needs_pikepdf(format_name)
    record = a_run_with(b"GIF89a Anna", media_type="image/gif")
    documents = [FORMATS[format_name].render(record, audience=audience) for audience in ("researcher", "student")]
    assert ["media/x/y" in text_in(document) for document in documents] == [True, False]


def test_a_turned_photograph_stands_upright_in_documents():
    from exporters.formats.printed.pictures import printable

    shown = printable(a_photograph())
    assert (shown.width, shown.height) == (20, 40)
