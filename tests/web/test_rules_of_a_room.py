"""What may be done in a room: pure rules, whatever is done in whatever order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.web.rooms.codes import LENGTH, SIGNS, new_code, read_code, spoken
from devserver.web.rooms.nicknames import LONGEST, nickname_of, pseudonym, unlike
from devserver.web.rooms.room import MOST_PUPILS, Pupil, Room, RoomRule
from devserver.web.rooms.room_file import read_rooms, write_rooms
from devserver.web.words import LANGUAGES, animals_in

ROOM = Room(room_id="room_1", title="7b", code="K7M4XD", opened_at=1.0)
MIA, TOM = Pupil("pupil_1", "Mia"), Pupil("pupil_2", "Tom")

RUNS, PUPILS = st.sampled_from(["exec_1", "exec_2", "exec_3"]), st.sampled_from([MIA, TOM, Pupil("pupil_1", "Max")])
CHANGES = st.one_of(
    st.builds(lambda pupil: lambda room: room.joined(pupil), PUPILS),
    st.builds(lambda pupil: lambda room: room.without(pupil.pupil_id), PUPILS),
    st.builds(lambda is_paused: lambda room: room.paused(is_paused), st.booleans()),
    st.builds(lambda run, yes: lambda room: room.with_shared(run, yes), RUNS, st.booleans()),
    st.builds(lambda run, yes: lambda room: room.with_hidden(run, yes), RUNS, st.booleans()),
    st.builds(lambda runs: lambda room: room.without_runs(runs), st.frozensets(RUNS)),
    st.builds(lambda name: lambda room: room.recorded_as(name), st.text()),
    st.just(lambda room: room.nameless()),
    st.just(lambda room: room.closed()),
)


def after(changes, room=ROOM):
    for change in changes:
        try:
            room = change(room)
        except RoomRule:
            continue
    return room


@given(st.lists(CHANGES))
def test_whatever_is_done_a_room_stays_whole(changes):
    """No run is shared and hidden, nobody is there twice, and a closed room is not paused."""
    room = after(changes)
    assert not room.shared & room.hidden
    assert len({one.pupil_id for one in room.pupils}) == len(room.pupils)
    assert not (room.is_paused and not room.is_open)


@given(st.lists(CHANGES), st.lists(CHANGES))
def test_a_closed_room_never_opens_again_and_keeps_what_was_hidden(before, later):
    closed = after(before).closed()
    room = after(later, closed)
    assert not room.is_open
    assert {one.pupil_id for one in room.pupils} <= {one.pupil_id for one in closed.pupils}
    assert after([lambda room: room.nameless()], closed).hidden == closed.hidden


@given(st.lists(CHANGES), RUNS)
def test_what_was_hidden_last_is_not_shared_until_somebody_shares_it_anew(changes, run):
    room = after(changes).with_hidden(run, True)
    assert not room.shows(run)
    with pytest.raises(RoomRule, match="show it again first"):
        room.with_shared(run, True)
    assert not room.with_hidden(run, False).shows(run)
    assert room.with_hidden(run, False).with_shared(run, True).shows(run)


@given(st.lists(CHANGES), st.text(max_size=20))
def test_a_room_is_read_back_as_it_was_written(tmp_path_factory, changes, title):
    path = tmp_path_factory.mktemp("rooms") / "rooms.json"
    room = replace(after(changes), title=title)
    write_rooms(path, [room])
    assert read_rooms(path) == {"room_1": room}


def test_a_room_has_so_many_pupils_and_no_more():
    full = after(
        [lambda room, number=number: room.joined(Pupil(f"pupil_{number}", "")) for number in range(MOST_PUPILS)]
    )
    with pytest.raises(RoomRule, match="another room would work"):
        full.joined(Pupil("one more", ""))
    assert full.joined(Pupil("pupil_0", "Mia")).nickname_of("pupil_0") == "Mia"


def test_who_is_sent_away_and_who_is_nameless():
    room = ROOM.joined(MIA).joined(TOM)
    assert room.without("pupil_1").pupil("pupil_1") is None
    assert (room.nameless().pupil("pupil_1"), room.nameless().nicknames) == (Pupil("pupil_1", ""), frozenset())


def test_a_code_has_six_signs_that_nobody_confuses():
    code = new_code()
    assert (len(code), set(code) <= set(SIGNS)) == (LENGTH, True)
    assert not set(SIGNS) & set("0O1ILBSZGAEU")
    assert len({new_code() for _ in range(200)}) > 190


@given(st.text())
def test_whatever_is_typed_is_a_code_or_none(text):
    assert read_code(text) == "" or set(read_code(text)) <= set(SIGNS)


def test_a_code_is_read_as_it_is_written_on_the_board():
    code = new_code()
    for typed in (code, code.lower(), spoken(code), f" {code[:2]}-{code[2:]} "):
        assert read_code(typed) == code


@given(st.text())
def test_a_nickname_is_one_short_line_of_what_can_be_seen(text):
    name = nickname_of(text)
    assert len(name) <= LONGEST
    assert name == name.strip()
    assert not any(sign in name for sign in "\n\r\t\x00\u202e\u200b")


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_animals_for_more_than_a_class(language):
    animals, taken = animals_in(language), set()
    assert len(set(animals)) == len(animals) >= 30
    for _ in range(2 * len(animals)):
        taken.add(pseudonym(animals, taken))
    assert len(taken) == 2 * len(animals)
    assert all(len(name) <= LONGEST for name in taken)


def test_two_of_one_name_are_told_apart():
    assert (unlike("Mia", set()), unlike("Mia", {"Mia"}), unlike("Mia", {"Mia", "Mia 2"})) == ("Mia", "Mia 2", "Mia 3")
