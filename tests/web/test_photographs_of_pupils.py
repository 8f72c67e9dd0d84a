"""Photographs that pupils hand in: who gets the file itself, and what everybody else gets."""

import base64
import io

import pytest
from class_stage import class_in
from PIL import Image

from devserver.testing import ScriptedMaker
from exporters import read_records

NAME = b"Anna Mueller"


def a_photograph():
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = NAME.decode(), 6
    exif.get_ifd(0x8825).update({1: "N", 2: (50.0, 56.0, 7.0)})
    buffer = io.BytesIO()
    Image.new("RGB", (40, 20), "teal").save(buffer, "JPEG", exif=exif, comment=NAME)
    return buffer.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content))


@pytest.fixture
def room(tmp_path):
    with class_in(tmp_path, image_variation=ScriptedMaker(a_photograph(), media_format="image/jpeg")) as room:
        yield room


@pytest.fixture
def photographer(room):
    return room.pupil()


@pytest.fixture
def run(photographer):
    picture = {"name": "Anna.jpg", "data": base64.b64encode(a_photograph()).decode()}
    return photographer.execute("image_input", images=[picture]).get_json()


def media_of(room, run):
    items = room.teacher.get(run["record_url"]).get_json()["items"]
    return {item["item_type"]: item for item in items if item.get("media")}


def test_pupils_get_a_clean_upright_copy_of_what_was_given_and_of_what_was_made(room, run, photographer):
    """Everybody but the teacher: also who handed it in."""
    media = media_of(room, run)
    assert set(media) == {"user_input_image", "output_image"}
    for item in media.values():
        for name in (item["media"]["sha256"], item["file_path"].rpartition("/")[2]):
            for someone in (photographer, room.pupil()):
                answer = someone.get(f"{run['record_url']}/media/{name}")
                assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
                assert NAME not in answer.data
                assert dict(opened(answer.data).getexif()) == {}
                assert opened(answer.data).size == (20, 40)
                small = someone.get(f"{run['record_url']}/thumbnails/{name}")
                assert NAME not in small.data
                assert opened(small.data).size == (20, 40)


def test_researchers_get_the_file_itself_and_the_students_copy_where_they_ask_for_it(room, run):
    for item in media_of(room, run).values():
        path = f"{run['record_url']}/media/{item['media']['sha256']}"
        assert room.teacher.get(path).data == a_photograph()
        assert NAME not in room.teacher.get(f"{path}?audience=student").data


def test_the_stored_file_is_what_was_handed_in(room, run, tmp_path):
    media_of(room, run)  # which waits until it is stored
    [record] = read_records(tmp_path)
    files = [item.file_path for item in record.items if item.file_path]
    assert len(files) == 2
    assert all((tmp_path / path).read_bytes() == a_photograph() for path in files)


def test_the_students_page_of_a_teacher_leads_to_clean_copies(room, run):
    """So that a picture saved from a projector holds nothing else."""
    page = room.teacher.get(run["run_url"]).text
    for item in media_of(room, run).values():
        assert f"/media/{item['media']['sha256']}?audience=student" in page


def test_the_name_of_a_photographs_file_is_not_told_to_others(room, run):
    for path in (run["record_url"], f"{run['record_url']}/live", run["run_url"], f"{run['record_url']}/export/html"):
        assert "Anna" not in room.pupil().get(path).text


def test_what_cannot_be_made_clean_is_a_404_with_a_sentence_for_pupils(tmp_path):
    broken = a_photograph()[:330]
    with class_in(tmp_path, procedural_image=ScriptedMaker(broken, media_format="image/jpeg")) as room:
        run = room.teacher.execute("image_comparison").get_json()
        path = run["media_outputs"][0]["output"]
        answer = room.pupil().get(path)
        assert (answer.status_code, "cannot be taken out" in answer.get_json()["error"]) == (404, True)
        assert room.teacher.get(path).data == broken
