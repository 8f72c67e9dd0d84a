"""The book of rooms: a private file that outlives the server; erasures and time take from it what they should."""

import json
import stat
import threading

import pytest

from devserver.web.rooms.badges import Badges
from devserver.web.rooms.book import NAMES_KEPT_SECONDS, RoomBook, UnknownRoom
from devserver.web.rooms.erasing import ErasableRooms, forget_pupils
from devserver.web.rooms.room import Pupil
from otel_tracking.erasure import RunId

MIA, TOM = Pupil("pupil_1", "Mia"), Pupil("pupil_2", "Tom")


def file_in(folder):
    return folder / "access" / "rooms.json"


def with_pupils(book, *pupils):
    room = book.open("7b")
    for one in pupils:
        room = book.change(room.room_id, lambda now, one=one: now.joined(one))
    return room


def test_nothing_is_written_before_a_room_is_opened(tmp_path):
    assert RoomBook(tmp_path).rooms() == []
    assert list(tmp_path.iterdir()) == []


def test_rooms_outlive_the_server_and_are_their_owners_alone(tmp_path):
    room = with_pupils(RoomBook(tmp_path), MIA)
    again = RoomBook(tmp_path)
    assert again.rooms() == [room]
    assert (again.of_code(room.code), again.of_session(room.room_id)) == (room, room)
    assert stat.S_IMODE(file_in(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(file_in(tmp_path).parent.stat().st_mode) == 0o700


def test_a_code_leads_to_an_open_room_alone(tmp_path):
    book = RoomBook(tmp_path)
    room = book.open()
    book.change(room.room_id, lambda now: now.closed())
    assert [book.of_code(code) for code in (room.code, "", "222222")] == [None] * 3
    with pytest.raises(UnknownRoom):
        book.find("room_none")


def test_what_another_process_changes_is_seen_and_not_overwritten(tmp_path):
    here, there = RoomBook(tmp_path), RoomBook(tmp_path)
    room = here.open("7b")
    there.change(room.room_id, lambda now: now.with_hidden("exec_1", True))
    assert here.find(room.room_id).hidden == {"exec_1"}
    here.change(room.room_id, lambda now: now.with_hidden("exec_2", True))
    assert there.find(room.room_id).hidden == {"exec_1", "exec_2"}


def test_changes_of_many_threads_are_all_kept(tmp_path):
    book = RoomBook(tmp_path)
    room = book.open()

    def join(number):
        book.change(room.room_id, lambda now: now.joined(Pupil(f"pupil_{number}", "")))

    threads = [threading.Thread(target=join, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(RoomBook(tmp_path).find(room.room_id).pupils) == 20


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"rooms": [{}]}', b"\xff"])
def test_a_damaged_file_is_set_aside_and_rooms_can_be_opened(tmp_path, content):
    file_in(tmp_path).parent.mkdir()
    file_in(tmp_path).write_bytes(content)
    room = RoomBook(tmp_path).open()
    assert RoomBook(tmp_path).rooms() == [room]
    assert file_in(tmp_path).with_suffix(".damaged").read_bytes() == content


def test_nicknames_are_forgotten_after_thirty_days(tmp_path):
    with_pupils(RoomBook(tmp_path, clock=lambda: 1000.0), MIA)
    later = RoomBook(tmp_path, clock=lambda: 1001.0 + NAMES_KEPT_SECONDS)
    assert [room.pupils for room in later.rooms()] == [(Pupil("pupil_1", ""),)]
    assert "Mia" not in file_in(tmp_path).read_text()


def test_an_erased_run_is_in_no_room_any_more(tmp_path):
    book = RoomBook(tmp_path)
    room = book.open()
    for run in ("exec_1", "exec_2"):
        book.change(room.room_id, lambda now, run=run: now.with_shared(run, True))
    place, runs = ErasableRooms(tmp_path), frozenset({RunId("exec_1")})
    assert place.left(runs) == [str(file_in(tmp_path))]
    [removed] = place.erase(runs, lambda step: None)
    assert (removed.place, place.left(runs), place.erase(runs, lambda step: None)) == ("rooms", [], [])
    assert book.find(room.room_id).shared == {"exec_2"}


def test_with_a_persons_runs_their_nickname_goes(tmp_path):
    room = with_pupils(RoomBook(tmp_path), MIA, TOM)
    forget_pupils(tmp_path, lambda record: record.user_id == "pupil_1")
    assert RoomBook(tmp_path).find(room.room_id).pupils == (TOM,)
    assert "Mia" not in file_in(tmp_path).read_text()


def test_nicknames_in_a_damaged_file_go_with_any_persons_runs_and_after_thirty_days(tmp_path):
    aside = file_in(tmp_path).with_suffix(".damaged")
    for forget in (
        lambda written_at: forget_pupils(tmp_path, lambda record: False),
        lambda written_at: RoomBook(tmp_path, clock=lambda: written_at + NAMES_KEPT_SECONDS + 1),
    ):
        with_pupils(RoomBook(tmp_path), MIA)
        file_in(tmp_path).write_bytes(file_in(tmp_path).read_bytes()[:-1])
        assert RoomBook(tmp_path).rooms() == []
        assert b"Mia" in aside.read_bytes()
        assert aside.stat().st_mode & 0o077 == 0
        forget(aside.stat().st_mtime)
        assert not aside.exists()


def test_a_badge_counts_as_long_as_its_pupil_is_in_the_room(tmp_path):
    book = RoomBook(tmp_path)
    room = with_pupils(book, MIA)
    badges = Badges(b"a key", book)
    cookie = badges.cookie_of(room.room_id, "pupil_1")
    assert badges.read(cookie).pupil == MIA
    assert badges.renewed(cookie) == ""
    forged = [Badges(b"another", book).cookie_of(room.room_id, "pupil_1"), f"{room.room_id}-pupil_1", cookie[:-2], ""]
    assert [badges.read(one) for one in forged] == [None] * 4
    assert badges.read(badges.cookie_of(room.room_id, "pupil_2")) is None
    book.change(room.room_id, lambda now: now.without("pupil_1"))
    assert badges.read(cookie) is None


def test_the_file_says_what_a_room_is_and_no_more(tmp_path):
    with_pupils(RoomBook(tmp_path), MIA)
    [told] = json.loads(file_in(tmp_path).read_text())["rooms"]
    assert set(told) == {
        *("room_id", "title", "code", "opened_at", "study_id", "is_paused"),
        *("pupils", "sessions", "shared", "hidden"),
    }
