"""Which test files take long: workers get these first, so that none is left with one of them while others are done."""

from __future__ import annotations

from pathlib import Path

LONGEST = (
    "browser/test_every_page_is_for_everybody.py",
    "exporters/test_damaged_stores.py",
    "install/test_a_wheel_in_a_clean_environment.py",
    "cli/test_one_afternoon.py",
    "exporters/test_crates_are_validated.py",
    "exporters/test_books.py",
    "erasure/test_killed_while_erasing.py",
    "browser/test_a_server_that_comes_back.py",
    "browser/test_a_room_in_a_browser.py",
    "collectors/test_neighbours.py",
    "secrets/test_a_secret_is_nowhere.py",
    "exporters/test_crashes.py",
    "faults/test_killed_anywhere.py",
    "web/test_runs_are_erased_on_the_page.py",
    "exporters/test_long_runs_on_paper.py",
    "privacy/test_a_name_is_nowhere.py",
    "browser/test_in_a_browser.py",
    "browser/test_what_changed_in_a_browser.py",
    "faults/test_matrix.py",
    "collectors/test_a_sink_elsewhere.py",
    "web/test_runs_are_explored.py",
    "faults/test_a_sinks_process_is_killed.py",
    "collectors/test_process_ends.py",
    "collectors/test_columns_say_what_records_say.py",
    "exporters/test_pdf.py",
    "web/test_runs_are_listed_and_looked_at.py",
    "cli/test_cli_ask.py",
    "capture/test_packages_as_they_come.py",
    "exporters/test_summaries_of_a_day.py",
    "web/test_waiting_runs_outlive_the_server.py",
    "web/test_pupils_in_rooms.py",
    "delta/test_the_same_commands_read_tables.py",
    "exporters/test_texts_for_coding.py",
    "exporters/test_dataset_crate.py",
)
"""From what `make test ARGS=--durations=0` said. Wrong seconds cost a wait at the end, nothing else."""

_PLACES = {path: place for place, path in enumerate(LONGEST)}


def place_of(path: Path) -> int:
    """Where a test file stands in the order of work; all that take no time worth telling come last."""
    return _PLACES.get("/".join(path.parts[-2:]), len(LONGEST))
