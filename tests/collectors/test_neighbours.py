"""Two users on one machine: nothing of one is read, written or believed by the other."""

import os
from pathlib import Path

import pytest
from neighbour_stage import leave_file, leave_journals, seen, two_users


@pytest.fixture
def users():
    with two_users() as users:
        yield users


def handed_over(path: Path, user: int) -> None:
    """Give a tree to `user`, as if that user had made it."""
    for each in [path, *path.rglob("*")]:
        os.chown(each, user, user, follow_symlinks=False)


def test_journals_that_a_neighbour_laid_ready_are_left_alone(users):
    """A directory under the victim's name, with a run, a damaged segment, and links where that would be set aside."""

    def lay_ready():
        left = leave_journals(users.journals, users.namespace)
        os.chmod(users.journals, 0o755)
        aside = left.parent / "set-aside"
        aside.mkdir()
        name = f"{left.name.split('-')[-1]}.000000.journal.4096"
        for link in (name, f"{name}.new"):
            (aside / link).symlink_to(users.treasure)
        for path in users.journals.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o777)

    users.as_neighbour(lay_ready)
    before = seen(users.journals)
    configs, health, report = users.next_start()

    assert configs == ["own"]
    assert users.treasure.read_text() == "of the victim"
    assert seen(users.journals) == before
    assert health["journal"]["mode"] == "memory only"
    assert report.recovered == ()
    [told] = report.left_alone
    assert (told.path, told.user) == (str(users.journals), users.neighbour)
    assert [one["path"] for one in health["left_alone"]] == [str(users.journals)]
    assert f"belongs to user {users.neighbour}" in health["left_alone"][0]["reason"]


def test_records_that_a_neighbour_laid_ready_are_left_alone(users):
    """The place of waiting records, with a record of the neighbour's in it."""
    users.as_neighbour(lambda: leave_file(users.files, users.namespace) and None)
    before = seen(users.files)
    configs, health, _ = users.next_start()

    assert configs == ["own"]
    assert seen(users.files) == before
    assert [one["path"] for one in health["left_alone"]] == [str(users.files)]
