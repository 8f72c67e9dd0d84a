"""Every dataset brings analyses that run on it as it was handed out, as a script and as a notebook."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from dataclasses import replace

import nbformat
import pytest
from nbclient import NotebookClient
from records import a_record, a_run_of_hops, an_item

from exporters import ParquetSink
from exporters.dataset import make_dataset
from exporters.dataset.analyses import ANALYSES
from exporters.privacy.consent import Consents
from exporters.privacy.consent_lists import checked_consent
from exporters.privacy.studies import new_study
from exporters.privacy.way_out import open_way_out
from otel_tracking import ItemType

PLOTS = {"drift.png", "outcomes.png", "engines.png"}


def a_blocked_run(**fields):
    prompt = an_item(content="something bad", metadata={"input_language": "de"})
    return a_record(status="blocked", safety_level="kids", items=[prompt], **fields)


def a_journey(**fields):
    """Hops from German to English and back, whose engine counted words."""
    run = a_run_of_hops("Eine Blume", "A flower", "Una flor", "Eine Blüte", **fields)
    prompt, *hops, final = run.items
    told = [
        replace(
            hop,
            metadata={"from_lang": source, "to_lang": target, "words": 2, "unknown_words": 1},
            model_used="costs $x$ & _more_",
            execution_time=0.2,
        )
        for hop, (source, target) in zip(hops, itertools.pairwise(["de", "en", "es", "de"]), strict=True)
    ]
    return replace(run, items=(replace(prompt, metadata={"input_language": "de"}), *told, final))


def a_dataset(tmp_path, *records, **options):
    for record in records:
        ParquetSink(tmp_path / "data").write(record)
    return make_dataset(tmp_path / "data", tmp_path / "dataset", **options).path


def run_script(dataset, *arguments):
    """What `python analyses/analysis.py` prints, in an environment that knows nothing of this project."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "-W", "error::UserWarning", "analyses/analysis.py", *map(str, arguments)]
    done = subprocess.run(command, cwd=dataset, env=kept, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_tells_and_draws_what_is_in_the_dataset(tmp_path):
    """Tables on the terminal, three plots where somebody wants them; the dataset stays as it was."""
    dataset = a_dataset(tmp_path, a_journey(), a_journey(), a_blocked_run())
    told = run_script(dataset, tmp_path / "plots")
    assert {path.name for path in (tmp_path / "plots").iterdir()} == PLOTS
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "plots").iterdir())
    assert re.search(r"^kids +stillepost +1 +1 +1\.0$", told, re.MULTILINE)
    assert re.search(r"^costs \$x\$ & _more_ +6 +0\.2 .* 12(\.0)? +6(\.0)? +0$", told, re.MULTILINE)
    assert not (dataset / "analyses" / "drift.png").exists()
    assert "Eine Blume" not in told
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=dataset, check=True)


def test_plots_lie_beside_the_script_unless_somebody_says_where(tmp_path):
    dataset = a_dataset(tmp_path, a_journey())
    run_script(dataset)
    assert {path.name for path in (dataset / "analyses").glob("*.png")} == PLOTS


def test_a_dataset_without_a_single_text_is_analysed_too(tmp_path):
    """What is not there is said, and nothing ends with an error."""
    dataset = a_dataset(tmp_path, a_record(items=[an_item(item_type=ItemType.OUTPUT_IMAGE, content=None)]))
    told = run_script(dataset)
    assert told.count("nothing in this dataset") == 3
    assert {path.name for path in (dataset / "analyses").glob("*.png")} == {"outcomes.png"}


@pytest.mark.parametrize("profile", ["pseudonymous", "public"])
def test_it_runs_under_every_profile(tmp_path, monkeypatch, profile):
    """Columns that a profile leaves out are empty, and the analyses do without."""
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    data = tmp_path / "data"
    study = new_study(data, "garden", pseudonyms_at="export")
    for user in ("anna", "ben"):
        ParquetSink(data).write(a_journey(study_id="garden", user_id=user))
        Consents(data, study).note([(user, checked_consent("given", "guardian", "2026-11-20"))])
    ParquetSink(data).write(a_blocked_run(study_id="garden", user_id="ben"))
    dataset = make_dataset(data, tmp_path / "dataset", way_out=open_way_out(data, profile)).path
    told = run_script(dataset, tmp_path / "plots")
    assert "3 runs" in told
    assert {path.name for path in (tmp_path / "plots").iterdir()} == PLOTS


def test_the_notebook_is_the_script_and_runs_where_it_lies(tmp_path):
    """It is valid, was never run, has the script's cells and no others, and draws the same."""
    dataset = a_dataset(tmp_path, a_journey(), a_blocked_run())
    notebook = nbformat.read(dataset / "analyses" / "analysis.ipynb", as_version=4)
    nbformat.validate(notebook)
    script = (dataset / "analyses" / "analysis.py").read_text()
    assert _as_script(notebook) == script
    assert all(not cell.get("outputs") for cell in notebook.cells)

    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(dataset / "analyses")}}).execute()
    printed = "".join(out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", ()))
    assert "2 runs" in printed
    drawn = [out for cell in notebook.cells for out in cell.get("outputs", ()) if "image/png" in out.get("data", {})]
    assert len(drawn) == len(PLOTS)


def _as_script(notebook):
    texts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            lines = [f"# {line}".rstrip() for line in cell.source.split("\n")]
            texts.append("\n".join(["# %% [markdown]", *lines]))
        else:
            texts.append(f"# %%\n{cell.source}")
    return re.sub(r"\n+(?=# %%)", "\n\n", "\n\n".join(texts)) + "\n"


def test_they_are_the_same_in_every_dataset(tmp_path):
    """No time, no place, no name of a run: two datasets of other runs have the same bytes."""
    one = a_dataset(tmp_path / "a", a_journey())
    two = a_dataset(tmp_path / "b", a_blocked_run())
    for name in ANALYSES:
        assert (one / name).read_bytes() == (two / name).read_bytes()
        assert (one / name).stat().st_mode & 0o777 == 0o600


def test_the_versions_they_ask_for_are_those_that_were_tried(tmp_path):
    from importlib.metadata import version

    from packaging.requirements import Requirement

    lines = ANALYSES["analyses/requirements.txt"][1]().decode().splitlines()
    for wanted in [Requirement(line) for line in lines if not line.startswith("#")]:
        assert wanted.specifier.contains(version(wanted.name)), wanted
