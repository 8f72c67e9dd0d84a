"""Two users on one machine: nothing of one is read, written or believed by the other."""

import contextlib
import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from neighbour_stage import become, handed_over, leave_file, leave_journals, seen, two_users
from nursery import nursery_of

from collectors import start_recording
from collectors.testing import WaitingSink
from devserver.cli.commands.recover_command import command

HERE = Path(__file__).parent


@pytest.fixture
def users():
    with two_users() as users:
        yield users


PLACES = {
    "journals": lambda users: (users.journals, leave_journals),
    "waiting records": lambda users: (users.files, leave_file),
}


def token_of(left):
    return left.name.split("-")[-1]


@pytest.mark.parametrize("place", PLACES)
def test_what_a_neighbour_laid_ready_under_our_name_is_left_alone(users, place):
    """By his own hand: a run, a damaged segment, and links to the victim's file where that would be set aside."""
    base, leave = PLACES[place](users)
    users.as_neighbour(lambda: lay_traps(users, leave(base, users.namespace)))
    before = seen(base)
    configs, health, report = users.next_start()

    assert configs == ["own"]
    assert users.treasure.read_text() == "of the victim"
    assert seen(base) == before
    assert [(what.path, what.user) for what in report.left_alone] == [(str(base), users.neighbour)]
    assert [one["path"] for one in health["left_alone"]] == [str(base)]
    assert (f"belongs to user {users.neighbour}" in health["journal"]["reason"]) == (place == "journals")


# What can be wrong with a place that is full of runs; `left` is the directory of the process that left them. Each says
# what should be named as left alone.


def neighbour_made_it(users, base, left):
    """Everything is the neighbour's, and open to all."""
    handed_over(base, users.neighbour)
    for path in [base, *base.rglob("*")]:
        path.chmod(0o777)
    return base


def base_may_be_written(users, base, left):
    """The victim's own, but anybody may have put something in it."""
    base.chmod(0o777)
    return base


def base_may_be_written_by_a_group(users, base, left):
    base.chmod(0o770)
    return base


def base_is_sticky(users, base, left):
    base.chmod(0o1777)
    return base


def base_is_a_link(users, base, left):
    """To a directory of the victim's own, even."""
    elsewhere = users.home / "elsewhere"
    shutil.move(base, elsewhere)
    base.symlink_to(elsewhere)
    os.chown(base, users.neighbour, users.neighbour, follow_symlinks=False)
    return base


def base_is_a_pipe(users, base, left):
    shutil.rmtree(base)
    os.mkfifo(base, 0o666)
    os.chown(base, users.neighbour, users.neighbour)
    return base


def namespace_is_the_neighbours(users, base, left):
    """Made while the base was open to all; now it is not."""
    handed_over(left.parent, users.neighbour)
    left.parent.chmod(0o777)
    return left.parent


def namespace_is_a_link(users, base, left):
    elsewhere = users.home / "elsewhere"
    shutil.move(left.parent, elsewhere)
    left.parent.symlink_to(elsewhere)
    return left.parent


def owners_directory_is_the_neighbours(users, base, left):
    handed_over(left, users.neighbour)
    left.chmod(0o777)
    return left


def owners_directory_may_be_written(users, base, left):
    left.chmod(0o722)
    return left


def owners_directory_is_a_link(users, base, left):
    elsewhere = users.home / "elsewhere"
    shutil.move(left, elsewhere)
    left.symlink_to(elsewhere)
    return left


def files_are_the_neighbours(users, base, left):
    path = content(left)
    os.chown(path, users.neighbour, users.neighbour)
    path.chmod(0o666)
    return path


def files_may_be_written(users, base, left):
    content(left).chmod(0o666)
    return content(left)


def files_are_links(users, base, left):
    return replaced(users, left, lambda path, other: path.symlink_to(other))


def files_have_another_name(users, base, left):
    """It may be a file of the victim's from elsewhere on this disk."""
    (base / "another name").hardlink_to(content(left))
    return content(left)


def files_are_pipes(users, base, left):
    return replaced(users, left, lambda path, other: os.mkfifo(path, 0o600))


def files_are_sockets(users, base, left):
    def bind(path, other):
        with socket.socket(socket.AF_UNIX) as listener, contextlib.chdir(path.parent):
            listener.bind(path.name)
        path.chmod(0o600)

    return replaced(users, left, bind)


def files_are_devices(users, base, left):
    def make(path, other):
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("devices cannot be made here")

    return replaced(users, left, make)


def alive_is_a_link(users, base, left):
    (left / "alive").unlink(missing_ok=True)
    (left / "alive").symlink_to(users.treasure)
    return left / "alive"


def alive_is_the_neighbours(users, base, left):
    os.chown(left / "alive", users.neighbour, users.neighbour)
    return left / "alive"


def alive_is_a_pipe(users, base, left):
    (left / "alive").unlink()
    os.mkfifo(left / "alive", 0o600)
    os.chown(left / "alive", users.victim, users.victim)
    return left / "alive"


def alive_has_another_name(users, base, left):
    (base / "another name").hardlink_to(left / "alive")
    return left / "alive"


def content(left):
    """What would be read of a dead process's directory."""
    [path] = [path for path in left.iterdir() if path.suffix in (".journal", ".record")]
    return path


def replaced(users, left, make):
    """The content moved into the victim's home, and what `make` puts in its place."""
    path = content(left)
    other = users.home / "other"
    shutil.move(path, other)
    make(path, other)
    os.chown(path, users.victim, users.victim, follow_symlinks=False)
    return path


WRONG = [
    neighbour_made_it,
    base_may_be_written,
    base_may_be_written_by_a_group,
    base_is_sticky,
    base_is_a_link,
    base_is_a_pipe,
    namespace_is_the_neighbours,
    namespace_is_a_link,
    owners_directory_is_the_neighbours,
    owners_directory_may_be_written,
    owners_directory_is_a_link,
    files_are_the_neighbours,
    files_may_be_written,
    files_are_links,
    files_have_another_name,
    files_are_pipes,
    files_are_sockets,
    files_are_devices,
    alive_is_a_link,
    alive_is_the_neighbours,
    alive_is_a_pipe,
    alive_has_another_name,
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_what_is_not_the_victims_alone_is_left_as_it_is_and_named(users, place, wrong):
    """Not read, not moved, not written, not believed, not waited for; health and recovery say what, whose and why."""
    base, leave = PLACES[place](users)
    left = users.as_victim(lambda: leave(base, users.namespace))
    expected = wrong(users, base, left)
    before = seen(base) | seen(users.home)
    owner = expected.lstat().st_uid

    configs, health, report = users.next_start()

    assert configs == ["own"]
    assert report.recovered == ()
    after = list((seen(base) | seen(users.home)).values())  # the directory of a dead process may be called otherwise
    assert [path for path, look in before.items() if look not in after] == []
    [told] = [one for one in report.left_alone if one.path.endswith(expected.name)]
    assert told.user == owner
    assert told.reason and told.help
    assert expected.name in str([one["path"] for one in health["left_alone"]])


@pytest.mark.parametrize("place", PLACES)
def test_what_is_the_victims_alone_is_recovered(users, place):
    """The other way round: the checks above are not passed by recovering nothing."""
    base, leave = PLACES[place](users)
    users.as_victim(lambda: leave(base, users.namespace))
    configs, health, report = users.next_start()
    assert configs == ["forged", "own"]
    assert (health["recovered"], health["left_alone"], report.left_alone) == (1, [], ())
    assert not users.files.exists() or not list(users.files.rglob("*.record"))


def set_aside_is_a_link(users, aside, name):
    (users.home / "aside").mkdir()
    aside.symlink_to(users.home / "aside")


def set_aside_is_the_neighbours(users, aside, name):
    aside.mkdir()
    os.chown(aside, users.neighbour, users.neighbour)
    aside.chmod(0o777)


def set_aside_may_be_written(users, aside, name):
    aside.mkdir()
    os.chown(aside, users.victim, users.victim)
    aside.chmod(0o777)


@pytest.mark.parametrize("wrong", [set_aside_is_a_link, set_aside_is_the_neighbours, set_aside_may_be_written])
def test_damage_is_not_set_aside_where_others_may_write(users, wrong):
    """The damaged segment stays in its journal; the readable run beside it is recovered."""
    left = users.as_victim(lambda: leave_journals(users.journals, users.namespace))
    aside = left.parent / "set-aside"
    wrong(users, aside, f"{token_of(left)}.000000.journal.4096")
    before = seen(aside) | seen(users.home)

    configs, health, report = users.next_start()

    assert configs == ["forged", "own"]
    assert seen(aside) | seen(users.home) == before
    assert [one["path"] for one in health["left_alone"]] == [str(aside)]
    assert [one.path for one in report.left_alone] == [str(aside)]
    assert list(left.parent.glob("*/*.journal"))


def test_a_link_in_set_aside_is_replaced_and_never_followed(users):
    """Where the damaged segment would go, and where it is written first."""
    left = users.as_victim(lambda: leave_journals(users.journals, users.namespace))
    aside = left.parent / "set-aside"
    aside.mkdir(mode=0o700)
    os.chown(aside, users.victim, users.victim)
    name = f"{token_of(left)}.000000.journal.4096"
    for link in (name, f"{name}.new"):
        (aside / link).symlink_to(users.treasure)

    configs, _, _ = users.next_start()
    assert configs == ["forged", "own"]
    assert users.treasure.read_text() == "of the victim"
    [kept] = aside.iterdir()
    assert stat.S_IMODE(kept.lstat().st_mode) == 0o600 and kept.lstat().st_uid == users.victim


def test_a_neighbour_reads_nothing_of_what_is_recorded(users):
    """Journals, waiting records and what was set aside, while a recording is at work, whatever the umask."""

    def record():
        os.umask(0)
        sink = WaitingSink()
        sink.location = str(users.home / "data")
        recording = start_recording([sink], max_pending=1)
        for _ in range(4):
            with recording.tracker().execution("own") as run:
                run.item("user_input_text", content="mine")
        files = recording._road.room
        while files.put_aside < 2:
            sink.entered.wait()
        os._exit(0)

    child = os.fork()
    if child == 0:
        try:
            become(users.victim)
            record()
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    paths = [path for base in (users.journals, users.files) for path in [base, *base.rglob("*")]]
    assert len(paths) > 8

    def look():
        found = []
        for path in paths:
            for attempt in (os.listdir, os.lstat, lambda path: os.open(path, os.O_RDONLY | os.O_NONBLOCK)):
                with contextlib.suppress(PermissionError, NotADirectoryError):
                    attempt(path)
                    found.append(str(path))
        return found

    assert set(users.as_neighbour(look)) <= {str(users.journals), str(users.files)}  # that they are there
    assert {stat.S_IMODE(path.lstat().st_mode) for path in paths} == {0o700, 0o600}


@pytest.mark.parametrize("place", PLACES)
def test_a_directory_that_is_swapped_between_any_two_lines_is_not_the_one_that_is_used(users, place):
    """Without a sticky bit a neighbour may rename the victim's directory, and put his own in its place.

    At whichever line of the victim's next start (each seventh is tried, or as OTEL_TRACKING_TEST_STEP says): nothing of
    the neighbour's is believed, and nothing of it is changed.
    """
    _, leave = PLACES[place](users)
    with an_open_place() as top:
        base, evil = top / "base", top / "evil"
        users.as_victim(lambda: leave(base, users.namespace))
        left = users.as_victim(lambda: leave(evil, users.namespace, name="evil"))
        lay_traps(users, left)
        handed_over(evil, users.neighbour)
        subprocess.run(["cp", "-a", top, f"{top}-kept"], check=True)

        number, is_over = 1, False
        with nursery_of("swapped_directories", HERE) as nursery:
            while not is_over:
                code, told = nursery.run(number, users.victim, users.home, users.namespace, base, evil)
                assert code == 0
                configs, is_over = json.loads(told)
                assert "evil" not in configs
                assert users.treasure.read_text() == "of the victim"
                assert below(base if not is_over else evil) == below(Path(f"{top}-kept") / "evil")
                shutil.rmtree(top)
                subprocess.run(["cp", "-a", f"{top}-kept", top], check=True)
                number += int(os.environ.get("OTEL_TRACKING_TEST_STEP", "7"))
        assert number > 100


@contextlib.contextmanager
def an_open_place():
    """A directory on a RAM disk in which everybody may do everything, as in a /dev/shm without sticky bit."""
    top = Path(tempfile.mkdtemp(prefix="otel-tracking-open-", dir="/dev/shm"))
    top.chmod(0o777)
    try:
        yield top
    finally:
        shutil.rmtree(top)
        shutil.rmtree(f"{top}-kept", ignore_errors=True)


def lay_traps(users, left):
    """Open everything to all, and link to the victim's file wherever something may be written."""
    for path in [left.parents[1], left.parent, left, *left.iterdir()]:
        path.chmod(0o777)
    aside = left.parent / "set-aside"
    aside.mkdir()
    aside.chmod(0o777)
    for link in (f"{token_of(left)}.000000.journal.4096", f"{token_of(left)}.000000.journal.4096.new"):
        (aside / link).symlink_to(users.treasure)


def below(top):
    """All there is below `top`, as it is called there."""
    return {path.removeprefix(str(top)): look for path, look in seen(top).items()}


def test_the_command_names_what_it_left_alone_whose_it_is_and_what_would_help(users):
    """`otel-tracking recover` names what it left alone, whose it is and what would help, also for programs."""
    users.as_neighbour(lambda: leave_journals(users.journals, users.namespace) and None)
    before = seen(users.journals)

    def work(*options):
        ran = CliRunner().invoke(command, ["--data", str(users.home / "data"), *options])
        return ran.exit_code, ran.stdout

    code, told = users.as_victim(work)
    assert code == 0
    assert f"left alone: {users.journals} belongs to user {users.neighbour}" in told
    code, told = users.as_victim(lambda: work("--json"))
    [one] = json.loads(told)["left_alone"]
    assert (one["path"], one["user"]) == (str(users.journals), users.neighbour)
    assert seen(users.journals) == before
