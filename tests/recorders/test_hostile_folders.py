"""A folder may come from anybody: what it says leads nowhere else, and nothing it holds harms more than itself."""

import json
import os
import tracemalloc

import pytest
from builders import a_record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorder_stage import a_folder, entity, write

from exporters import ParquetSink, StorageError, read_records
from exporters.errors import BrokenFile
from exporters.privacy.at_source import with_pseudonyms
from exporters.recorders import find_runs, read_run
from exporters.recorders.files import MOST_TEXT
from exporters.storage.writing.media import MediaFile
from otel_tracking import canonical
from otel_tracking.pseudonyms import Pseudonyms

PNG = b"\x89PNG\r\n\x1a\n picture"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["run_id", "timestamp", "config_name", "user_id", "current_state", "entities", "prompting_process"]
NAMES += ["models_used", "completed_at", "expected_outputs", "batch_id", "safety_level", "type"]
OF_ENTITIES = ["sequence", "type", "timestamp", "metadata", "node_type", "content"]
entities = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(OF_ENTITIES, values)), max_size=4)
metadata = st.fixed_dictionaries(
    {"run_id": values}, optional={**dict.fromkeys(NAMES[1:], values), "entities": entities | values}
)


def store(data_dir, run):
    sink = ParquetSink(data_dir)
    files = {file_path: MediaFile(file.path, file.sha256) for file_path, file in run.files.items()}
    sink.write(sink.prepare(run.record, files))
    [stored] = read_records(data_dir, execution_id=run.record.execution_id)
    return stored


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=metadata)
def test_whatever_metadata_says_it_is_a_record_or_refused(tmp_path_factory, said):
    """And what is stored of it is what was read."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "metadata.json").write_text(json.dumps(said), encoding="utf-8")
    try:
        run = read_run(folder)
    except BrokenFile:
        return
    stored = store(folder / "data", run)
    assert canonical.dumps(stored.to_dict()) == canonical.dumps(run.record.to_dict())


@given(content=st.binary(max_size=300))
def test_whatever_bytes_metadata_is_of_it_is_a_record_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("run")
    (folder / "metadata.json").write_bytes(content)
    with pytest.raises(BrokenFile, match=r"cannot be imported: metadata\.json is "):
        read_run(folder)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "final/../../x",
        "..",
        ".",
        "",
        "a\0b",
        "..\\x",
        "final\\x.txt",
        "\ud800",
        "a" * 300,
    ],
)
@pytest.mark.parametrize("allow_missing", [False, True])
def test_a_name_that_is_none_of_a_file_here_is_refused(name, allow_missing, tmp_path):
    write(tmp_path / "x", "secret")
    folder = a_folder(tmp_path / "runs", ({"type": "input", "filename": "input.txt"}, "Ein Haus"))
    said = json.loads((folder / "metadata.json").read_bytes())
    said["entities"][0]["filename"] = name
    (folder / "metadata.json").write_text(json.dumps(said))
    if name == "":
        assert read_run(folder).record.items[0].content is None  # it names no file
        return
    with pytest.raises(BrokenFile, match=f"^{folder} cannot be imported: "):
        read_run(folder, allow_missing=allow_missing)


class TestLinksAndPipes:
    @pytest.fixture
    def folder(self, tmp_path):
        write(tmp_path / "elsewhere" / "01_input.txt", "somebody's secret")
        return a_folder(tmp_path / "runs", entity("input", None, "01_input.txt"))

    def refused(self, folder):
        with pytest.raises(BrokenFile, match=r"is a link, or cannot be read|is no file"):
            read_run(folder, allow_missing=True)

    def test_a_link_to_a_file_is_not_followed(self, folder, tmp_path):
        (folder / "final").mkdir()
        (folder / "final" / "01_input.txt").symlink_to(tmp_path / "elsewhere" / "01_input.txt")
        self.refused(folder)

    def test_nor_one_to_a_folder(self, folder, tmp_path):
        (folder / "final").symlink_to(tmp_path / "elsewhere")
        self.refused(folder)

    def test_nor_one_that_nobody_lists(self, folder, tmp_path):
        write(folder / "final" / "01_input.txt", "Ein Haus")
        (folder / "final" / "02_input.txt").symlink_to(tmp_path / "elsewhere" / "01_input.txt")
        self.refused(folder)

    def test_nor_one_in_the_place_of_metadata(self, tmp_path):
        write(tmp_path / "elsewhere.json", {"run_id": "run_1", "entities": []})
        (tmp_path / "run_1").mkdir()
        (tmp_path / "run_1" / "metadata.json").symlink_to(tmp_path / "elsewhere.json")
        self.refused(tmp_path / "run_1")

    def test_nobody_waits_for_a_pipe(self, folder):
        (folder / "final").mkdir()
        os.mkfifo(folder / "final" / "01_input.txt")
        self.refused(folder)

    def test_a_linked_folder_is_named_and_not_entered(self, folder, tmp_path):
        (tmp_path / "runs" / "today").symlink_to(tmp_path)
        found = {one.path.name: one for one in find_runs(tmp_path / "runs")}
        assert found["today"].trouble.endswith("which may lead anywhere; name the folder that it leads to")
        assert len(found) == 2

    def test_a_medium_that_becomes_a_link_while_it_is_imported_is_not_copied(self, tmp_path):
        run = read_run(a_folder(tmp_path / "runs", entity("output_image", PNG, "1.png")))
        [file] = run.files.values()
        file.path.unlink()
        file.path.symlink_to(write(tmp_path / "elsewhere.png", PNG))
        with pytest.raises(StorageError, match="cannot be copied"):
            store(tmp_path / "data", run)
        assert list(read_records(tmp_path / "data")) == []

    def test_nor_one_that_became_another(self, tmp_path):
        run = read_run(a_folder(tmp_path / "runs", entity("output_image", PNG, "1.png")))
        [(file_path, file)] = run.files.items()
        file.path.write_bytes(PNG + b" of somebody else")
        with pytest.raises(StorageError, match="was changed while it was copied"):
            store(tmp_path / "data", run)
        assert not (tmp_path / "data" / file_path).exists()


class TestSizes:
    def test_a_large_medium_is_never_held_whole(self, tmp_path):
        folder = a_folder(tmp_path / "runs", entity("output_video", b"\0\0\0\x20ftypmp42", "1.mp4"))
        with (folder / "final" / "1.mp4").open("r+b") as file:
            file.truncate(100 << 20)
        tracemalloc.start()
        stored = store(tmp_path / "data", read_run(folder))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 30 << 20
        assert (
            (tmp_path / "data" / stored.items[0].file_path).stat().st_size == stored.items[0].media.bytes == 100 << 20
        )

    def test_a_text_that_is_too_long_for_a_cell_stays_a_file(self, tmp_path):
        folder = a_folder(tmp_path, entity("input", "a" * (MOST_TEXT + 1)))
        [item] = read_run(folder).record.items
        assert (item.content, item.media.bytes) == (None, MOST_TEXT + 1)

    @pytest.mark.parametrize(("depth", "lossy_values"), [(100, 0), (900, 1)])
    def test_what_is_too_deep_is_cut_and_counted(self, depth, lossy_values, tmp_path):
        run = read_run(self.deep(tmp_path, depth))
        assert run.record.lossy_values == lossy_values
        assert store(tmp_path / "data", run) == run.record

    def test_an_abyss_is_refused(self, tmp_path):
        with pytest.raises(BrokenFile, match="nested too deeply"):
            read_run(self.deep(tmp_path, 100_000))

    def test_what_cannot_be_looked_through_for_names_is_not_taken(self):
        said = {"imported_from": {}, "metadata_json": json.loads("[" * 900 + "]" * 900)}
        with pytest.raises(BrokenFile, match="too deeply to be looked through for names"):
            with_pseudonyms(a_record(metadata=said), Pseudonyms(bytes(32)))

    def deep(self, tmp_path, depth):
        folder = a_folder(tmp_path / "runs", entity("input", "x"))
        (folder / "metadata.json").write_text('{"run_id": "run_1", "x": ' + "[" * depth + "]" * depth + "}")
        return folder

    def test_metadata_of_gigabytes_is_refused(self, tmp_path):
        folder = a_folder(tmp_path)
        with (folder / "metadata.json").open("r+b") as file:
            file.truncate(1 << 32)
        with pytest.raises(BrokenFile, match=r"metadata\.json has more than 67,108,864 bytes"):
            read_run(folder)


class TestWhatIsMissing:
    def test_a_file_that_is_not_there_is_named(self, tmp_path):
        folder = a_folder(tmp_path, entity("input", "Ein Haus"), entity("output_image", None, "02_output_image.png"))
        with pytest.raises(BrokenFile, match=r"02_output_image\.png is not there"):
            read_run(folder)

    def test_the_rest_can_be_taken_without_it(self, tmp_path):
        folder = a_folder(tmp_path, entity("input", "Ein Haus"), entity("output_image", None, "02_output_image.png"))
        run = read_run(folder, allow_missing=True)
        assert (run.missing, run.record.items[1].media) == (("02_output_image.png",), None)
        assert run.record.items[1].metadata["imported_from"]["is_missing"] is True

    @pytest.mark.parametrize(
        ("said", "why"),
        [({"session_id": "x", "prompt": "y"}, "of no recorder's run"), ([], "of no recorder's run")],
    )
    def test_metadata_of_something_else_is_refused(self, said, why, tmp_path):
        write(tmp_path / "session_1" / "metadata.json", said)
        with pytest.raises(BrokenFile, match=why):
            read_run(tmp_path / "session_1")

    def test_a_run_without_metadata_is_named_unless_it_is_empty(self, tmp_path):
        write(tmp_path / "run_1" / "final" / "01_input.txt", "Ein Haus")
        (tmp_path / "run_2").mkdir()
        [found] = find_runs(tmp_path)
        assert found.trouble == f"{tmp_path / 'run_1'} cannot be imported: it has no metadata.json"
