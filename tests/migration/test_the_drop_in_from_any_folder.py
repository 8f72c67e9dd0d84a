"""The drop-in works where a server has a package called `devserver`, and needs nothing but the base install."""

from pathlib import Path

from children import ROOT, run_python

from exporters import read_records
from otel_tracking.extras import EXTRAS
from otel_tracking.migration import era_a

RUN = """
import sys
sys.path.insert(0, sys.argv[1])
sys.modules.update(dict.fromkeys(sys.argv[2:]))  # none of them can be imported
import devserver
assert devserver.__file__.startswith(sys.argv[1]), devserver.__file__

from otel_tracking.migration.era_a import ExecutionTracker, list_execution_records, load_execution_record, stop
tracker = ExecutionTracker('dada', 'eco', 'kids')
tracker.log_user_input_text('Eine Blume')
tracker.finalize()
assert list_execution_records() == [tracker.execution_id]
assert load_execution_record(tracker.execution_id).config_name == 'dada'
assert stop()
"""


def test_from_the_root_of_a_server_whose_own_package_is_called_devserver(tmp_path):
    """Era A's folder `devserver/` is one; ours is not asked for, nor any library of an extra: there is none."""
    (tmp_path / "devserver").mkdir()
    (tmp_path / "devserver" / "__init__.py").write_text("")
    of_extras = sorted({module for extra in EXTRAS.values() for module in extra.modules})
    settings = {"DEVSERVER_DATA_DIR": str(tmp_path / "data"), "DEVSERVER_JOURNAL": "off"}

    run_python(RUN, tmp_path, *of_extras, **settings)
    assert [record.config_name for record in read_records(tmp_path / "data")] == ["dada"]


def test_the_earlier_import_has_the_same_names():
    from devserver import era_a as earlier

    assert earlier.__all__ == era_a.__all__
    assert all(getattr(earlier, name) is getattr(era_a, name) for name in era_a.__all__ if name != "start")


def test_nothing_that_the_server_pins_comes_with_the_base_install():
    """It pins its web server: ours is an extra."""
    import tomllib

    project = tomllib.loads((Path(ROOT) / "pyproject.toml").read_text("utf-8"))["project"]
    base = " ".join(project["dependencies"]).lower()
    assert not [name for name in ("waitress", "flask", "werkzeug", "requests>", "aiohttp", "httpx") if name in base]
