"""`otel-tracking annotate --codebook`: show the variables of a study, make, change and remove them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from devserver.audit import Act, Audit, this_user
from devserver.cli.options import ask, refuse
from devserver.cli.output import print_json
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from exporters.remarks.book import RemarkBook
from exporters.remarks.codebook_files import SUFFIXES, codebook_as_csv, codebook_as_json, read_codebook
from exporters.remarks.lines import variable_as_dict
from exporters.remarks.store import RemarkStore
from exporters.remarks.variables import Variable
from exporters.storage.files import write_file

_WRITERS = dict(zip(SUFFIXES, (codebook_as_csv, codebook_as_json), strict=True))


def edit_codebook(data_dir: Path, wish: Mapping[str, Any], said: Mapping[str, Any], *, as_json: bool) -> int:
    """Do what is wished (`add`, `change`, `remove`, `source`, `target`), or nothing, and show the code book.

    `said` is what was said of a variable, by the names of its fields. Raises `WrongVariable` and `WrongRemarks`.
    """
    actions = [name for name in ("add", "change", "remove", "source", "target") if wish[name]]
    if len(actions) > 1:
        raise refuse("one thing at a time: --add, --change, --remove, --from or --to.")
    if said and not (wish["add"] or wish["change"]):
        raise refuse(f"--{next(iter(said))} is about a variable: --add NAME or --change NAME beside it would work.")
    store = RemarkStore(data_dir)
    if target := wish["target"]:
        writer = _writer(target)
        write_file(target, writer(store.read().variables))
    elif actions:
        _check_sure(store.read(), wish, as_json=as_json)
        _keep(data_dir, store, _edit(wish, said))
    _show(store.read(), as_json=as_json)
    return 0


def _edit(wish: Mapping[str, Any], said: Mapping[str, Any]) -> Callable[[RemarkBook], RemarkBook]:
    if name := wish["remove"]:
        return lambda book: book.without_variable(name)
    if name := wish["change"]:
        return lambda book: book.with_variable(replace(book.variable(name), **_fitting(book.variable(name), said)))
    if name := wish["add"]:
        if "type" not in said:
            raise refuse("--add wants a type: --type text, integer, number, boolean, date or choice.")
        return lambda book: book.with_variable(_new(book, Variable(name=name, **said)))
    return lambda book: _with_all(book, read_codebook(wish["source"]))


def _fitting(before: Variable, said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a variable; one that is no choice any more has no values."""
    is_other = said.get("type", before.type) != before.type
    return {**({"choices": ()} if is_other else {}), **said}


def _new(book: RemarkBook, variable: Variable) -> Variable:
    if variable.name in {one.name for one in book.variables}:
        raise refuse(f"{variable.name} is there already; --change {variable.name} changes it.")
    return variable


def _with_all(book: RemarkBook, variables: list[Variable]) -> RemarkBook:
    for variable in variables:
        book = book.with_variable(variable)
    return book


def _check_sure(book: RemarkBook, wish: Mapping[str, Any], *, as_json: bool) -> None:
    """Ask before values go."""
    name = wish["remove"]
    values = book.runs_with(name) if name else 0
    if values and not wish["is_sure"]:
        if as_json:
            raise refuse(f"{name} has values of {count(values, 'run')}, and nobody can be asked: add --yes.")
        ask(f"Remove {name} and its values of {count(values, 'run')}?")


def _keep(data_dir: Path, store: RemarkStore, edit: Callable[[RemarkBook], RemarkBook]) -> None:
    store.change(edit)
    Audit(data_dir).note(Act.CODEBOOK, this_user())


def _writer(target: Path) -> Callable[[tuple[Variable, ...]], bytes]:
    if target.suffix.lower() not in _WRITERS:
        raise refuse(f"{target} is neither a .csv nor a .json file; codebook.csv would work.")
    return _WRITERS[target.suffix.lower()]


def _show(book: RemarkBook, *, as_json: bool) -> None:
    if as_json:
        said = [{**variable_as_dict(one), "runs": book.runs_with(one.name)} for one in book.variables]
        print_json({"variables": said})
        return
    for one in book.variables:
        say(_line(one, book.runs_with(one.name)))
    if not book.variables:
        say("No variable yet. Make one: otel-tracking annotate --codebook --add quality --type integer")


def _line(variable: Variable, values: int) -> str:
    leaves = f"leaves under {variable.leaves}" if variable.leaves.value != "full" else ""
    told = [
        f"{variable.name}  {variable.type}",
        " | ".join(variable.choices),
        variable.label,
        variable.description,
        f"study {variable.study}" if variable.study else "",
        leaves,
        f"{count(values, 'run')}",
    ]
    return "  ".join(safe_line(part) for part in told if part)
