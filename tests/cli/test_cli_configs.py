"""`otel-tracking configs`: what can be run, what it needs, and what is wrong with a file of one's own."""

from cli_stage import call, call_json

from devserver.configs import list_configs
from devserver.testing import ScriptedMaker, scripted_engines


def test_every_configuration_is_listed_with_what_it_makes():
    """One line each, and how many there are."""
    lines = call("configs").stdout.splitlines()

    listed = {line.split()[0]: line for line in lines[1 : len(list_configs()) + 1]}
    assert sorted(listed) == sorted(config.name for config in list_configs())
    assert "image + music" in listed["image_and_music"]
    assert any(line.strip() == f"{len(listed)} configurations" for line in lines)


def test_engines_that_are_not_there_are_marked_and_explained():
    """A cross before the name, a fallback beside it, and below the table how to get it."""
    answer = call("configs", engines=scripted_engines(dada=ScriptedMaker(), procedural_image=ScriptedMaker()))
    row = next(line for line in answer.stdout.splitlines() if line.startswith("ollama_dada"))

    assert "✗ ollama (else dada), procedural_image" in row
    assert "✗ ollama: nobody knows an engine of that name" in answer.stdout


def test_programs_get_names_outputs_and_engines():
    """One document; `can_run` counts a fallback as enough."""
    engines = scripted_engines(dada=ScriptedMaker(), procedural_image=ScriptedMaker())
    answer, exit_code = call_json("configs", engines=engines)
    configs = {config["name"]: config for config in answer["configs"]}

    assert exit_code == 0
    assert configs["image_and_music"]["outputs"] == [
        {"name": "weimar", "medium": "image", "engine": "procedural_image"},
        {"name": "music", "medium": "music", "engine": "procedural_music"},
    ]
    assert (configs["ollama_dada"]["can_run"], configs["ollama_stillepost"]["can_run"]) == (True, False)
    assert (configs["image_input"]["images_at_least"], configs["image_input"]["images_at_most"]) == (1, 3)
    assert configs["stillepost"]["interception"] == "translation_chain"


def test_a_file_of_your_own_is_checked_and_listed(tmp_path):
    """Or it is said in one sentence what is wrong with it, and nothing is listed."""
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('name = "mine"\n[[outputs]]\nname = "a"\nengine = "procedural_image"\n', "utf-8")
    bad.write_text('name = "mine"\n[[outputs]]\nname = "a"\nengin = "procedural_image"\n', "utf-8")

    assert any(line.startswith("mine ") for line in call("configs", "--config-file", good).stdout.splitlines())
    answer = call("configs", "--config-file", bad)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "bad.toml: there is no key outputs[1].engin; closest is engine" in answer.stderr


def test_configurations_of_ones_own_are_listed_and_run(tmp_path, monkeypatch):
    """From the directory that DEVSERVER_CONFIGS names; a file with a mistake is named."""
    (tmp_path / "mine.toml").write_text('name = "mine"\ndescription = "Of my own"\ntranslate_first = false')
    (tmp_path / "broken.toml").write_text("name = ")
    monkeypatch.setenv("DEVSERVER_CONFIGS", str(tmp_path))

    listed = call("configs")
    assert "Of my own" in listed.stdout
    assert f"left out: {tmp_path}/broken.toml" in listed.stdout
    assert call("run", "mine", "Eine Blume", data=tmp_path / "data").exit_code == 0


def test_a_directory_that_is_none_is_said(tmp_path, monkeypatch):
    """Before anything else."""
    monkeypatch.setenv("DEVSERVER_CONFIGS", str(tmp_path / "nowhere"))
    listed = call("configs")
    assert listed.exit_code == 2
    assert "a directory with .toml or .json files is expected" in listed.stderr
