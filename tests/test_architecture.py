"""Who may import whom, read back from the imports; how large a module may be; the names that must stay."""

import ast
import functools
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("otel_tracking", "collectors", "exporters", "devserver")
ALLOWED = {
    "otel_tracking": set(),
    "collectors": {"otel_tracking"},
    "exporters": {"otel_tracking"},
    "devserver": {"otel_tracking", "collectors", "exporters"},
}
LONGEST_MODULE = 300
EARLIER_NAMES = ["otel_tracking", "migration"]
"""Where the promised names of earlier servers are, some of them those of ours."""
CODEC, SEARCH = "orjson", "ahocorasick_rs"
"""What `otel_tracking` may need beside the OpenTelemetry API."""
_CAPTURE = "otel_tracking.capture"
CLIENTS = {
    "httpx": {f"{_CAPTURE}.httpx_transport"},
    "requests": {f"{_CAPTURE}.requests_adapter"},
    "aiohttp": {f"{_CAPTURE}.clients.aiohttp_client", f"{_CAPTURE}.clients.aiohttp_content"},
    "wrapt": {f"{_CAPTURE}.installing"},
    "msgspec": {f"{_CAPTURE}.glance"},
}
"""The HTTP clients that can be captured, what finds them and what reads bodies at a glance, each known to few modules,
which nobody imports before they are used."""

SURFACE = {
    "otel_tracking": """
        attributes attribution audience canonical capture capture.names capture.propagation columns entities environment
        erasure errors extras frame migration.corrections migration.era_a migration.records migration.recorder
        migration.recorder.erasing nodes outcome passed_differently plan pseudonyms record run scopes secrets.frozen
        secrets.media secrets.records secrets.redaction span_event taxonomy timings tracker values.kinds
        values.media_in_texts values.media_types values.payload_check values.places values.plain values.plain_json
        values.rebuild values.record_fields version view
    """,
    "collectors": """
        building.live listening listening.server outbox outbox.retrying ready_made receiving receiving.server recording
        streaming streaming.kafka streaming.partition
    """,
    "exporters": """
        asking.answers asking.saving asking.sources asking.written
        collections collections.making dataset dataset.about dataset.licences
        delta.asides delta.erasing delta.ledger delta.places delta.stored_media delta.tables delta.upkeep
        delta.working_copy
        erasure errors
        explorer.catalogue explorer.entry explorer.index_file explorer.keeper explorer.wish
        formats formats.documents formats.json formats.worker
        measures.drift
        media.clean_media media.copies media.open_picture media.pictures media.png_text media.thumbnails
        privacy.at_source privacy.consent privacy.consent_lists privacy.exports_ledger privacy.way_out privacy.profiles
        privacy.retention privacy.studies processes ready_made recorders recorders.pictures
        remarks.annotated remarks.book remarks.codebook_files remarks.lines remarks.remarks remarks.sheet remarks.store
        remarks.variables
        storage.files storage.layout storage.reading.crowded_days storage.reading.damage
        storage.reading.execution_index storage.reading.finding storage.reading.remembered storage.reading.selection
        storage.upkeep.inspection storage.upkeep.salvage storage.writing.media storage.writing.tombstones
        story.boxes story.catalogue story.changed story.changed_words story.concerns story.drifting story.language_names
        story.letters story.parts story.readable story.remarks story.story story.storyteller story.untranslated
        story.words
    """,
}
"""What other packages may import of each, beside the package itself: whatever is not listed may change at any time."""

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}


class Said(NamedTuple):
    """What a module says of itself: its docstring, its imports, those outside functions, and its classes by name."""

    docstring: str | None
    imports: list[ast.Import | ast.ImportFrom]
    at_import_time: list[ast.Import | ast.ImportFrom]
    classes: list[str]


@functools.cache
def said_by(path):
    """Each module is read once."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(tree))
    return Said(
        ast.get_docstring(tree),
        [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)],
        [node for node in _top_level(tree) if isinstance(node, ast.Import | ast.ImportFrom)],
        [node.name for node in nodes if isinstance(node, ast.ClassDef)],
    )


def _top_level(tree):
    for node in tree.body:
        yield node
        if isinstance(node, ast.Try):
            yield from node.body


def imports_of(path, *, at_import_time=False):
    """The modules that a file imports; `at_import_time` leaves out those inside functions and for type checkers."""
    for node in said_by(path).at_import_time if at_import_time else said_by(path).imports:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{path}: relative imports are not ours"
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                yield module if module in MODULES else node.module


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_those_below_it(package):
    for name, path in MODULES.items():
        if name.split(".")[0] == package:
            others = {imported.split(".")[0] for imported in imports_of(path)} & set(PACKAGES) - {package}
            assert others <= ALLOWED[package], f"{name} imports {sorted(others)}"


def test_otel_tracking_needs_nothing_but_the_standard_library_the_opentelemetry_api_a_codec_and_a_search():
    api = {"opentelemetry", "opentelemetry.context", "opentelemetry.trace", "opentelemetry.trace.span"}
    for name, path in MODULES.items():
        if name.startswith("otel_tracking"):
            for imported in imports_of(path):
                package = imported.split(".")[0]
                known = package in {*sys.stdlib_module_names, "otel_tracking", CODEC, SEARCH} or imported in api
                assert known or name in CLIENTS.get(package, ()) or _is_for_type_checkers(path, imported), (
                    f"{name} imports {imported}"
                )


def _is_for_type_checkers(path, module):
    return module.split(".")[0] in CLIENTS and module not in imports_of(path, at_import_time=True)


def test_one_module_opens_pictures():
    """What strangers send is opened in one place, which knows what their files may hold."""
    openers = [name for name, path in MODULES.items() if "Image.open(" in path.read_text("utf-8")]
    assert openers == ["exporters.media.open_picture"]


def test_no_module_imports_itself_in_a_circle():
    """Imports inside functions and for type checkers counted: a circle that waits is a circle."""
    graph = {name: _imported_by(name) - {name} for name in MODULES}
    TopologicalSorter(graph).prepare()


def _imported_by(name):
    # Whoever is in a package is imported after it; a package that lists its modules is no circle.
    packages = {name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)}
    return {module for module in imports_of(MODULES[name]) if module in MODULES} - packages


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_of_others_only_what_they_list(package):
    for name, path in MODULES.items():
        if name.split(".")[0] == package:
            others = {module for module in imports_of(path) if module.split(".")[0] in set(PACKAGES) - {package}}
            assert others <= _listed(), f"{name} imports {sorted(others - _listed())}"


def _listed():
    modules = {f"{package}.{module}" for package, listed in SURFACE.items() for module in listed.split()}
    return modules | set(SURFACE)


def test_what_a_package_lists_is_there_and_somebody_needs_it():
    reached = {
        module
        for name, path in MODULES.items()
        for module in imports_of(path)
        if module in MODULES and module.split(".")[0] != name.split(".")[0]
    }
    assert reached | set(PACKAGES) == _listed() | {"devserver"}


def test_nobody_imports_a_private_name_of_ours():
    for name, path in MODULES.items():
        for node in said_by(path).imports:
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in PACKAGES:
                private = [alias.name for alias in node.names if alias.name.startswith("_")]
                assert not private, f"{name} imports {private} of {node.module}"


def test_a_class_has_a_name_of_its_own():
    """A stack trace or an import names one thing; what earlier servers called theirs stays with them."""
    homes = {}
    for name, path in MODULES.items():
        if name.split(".")[:2] != EARLIER_NAMES:
            for class_name in said_by(path).classes:
                if not class_name.startswith("_"):
                    homes.setdefault(class_name, []).append(name)
    assert not {name: modules for name, modules in homes.items() if len(modules) > 1}


def test_a_test_module_has_a_name_of_its_own():
    """pytest imports them by their name alone: a second one of that name is not collected, or not the one that runs."""
    homes = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        homes.setdefault(path.name, []).append(path.parent.name)
    assert not {name: folders for name, folders in homes.items() if len(folders) > 1}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_for_and_is_not_too_long(name):
    text = MODULES[name].read_text("utf-8")
    assert said_by(MODULES[name]).docstring, f"{name} has no docstring"
    assert text.count("\n") <= LONGEST_MODULE, f"{name} has {text.count(chr(10))} lines"


def test_the_public_names_are_there():
    import collectors
    import exporters
    import otel_tracking

    for module, names in {
        otel_tracking: ["ExecutionTracker", "ExecutionRecord", "ExecutionItem", "ItemType", "MediaType"],
        collectors: ["start_recording"],
        exporters: ["ParquetSink", "DocumentSink", "FORMATS", "read_records"],
    }.items():
        for name in names:
            assert getattr(module, name)
            assert name in module.__all__


def test_what_a_package_lists_it_has():
    import collectors
    import exporters
    import otel_tracking

    for module in (otel_tracking, collectors, exporters):
        for name in module.__all__:
            assert getattr(module, name) is not None


def test_an_execution_takes_the_fields_it_was_promised_with():
    import inspect

    from otel_tracking import ExecutionTracker

    promised = "execution_mode safety_level user_id session_id device_id study_id batch_id repeats continues links"
    assert set(promised.split()) <= set(inspect.signature(ExecutionTracker.execution).parameters)


def test_nothing_in_the_project_names_a_place_on_somebodys_machine():
    for path in MODULES.values():
        text = path.read_text("utf-8")
        assert str(ROOT) not in text, path
        assert "/home/" not in text, path
