"""What says what a dataset is: Croissant, citation, licence, authors; what is not known is not made up."""

import json
import re

import mlcroissant
import pytest
from dataset_stage import PROMPT, SEED, CrateRead, a_journey, a_run_with_pictures, content_below, rows_of, store

from exporters.dataset import make_dataset
from exporters.dataset.about import Description
from exporters.dataset.authors import read_author
from exporters.dataset.describing import DESCRIPTIONS
from exporters.dataset.licences import KNOWN, NONE_YET, licence_named
from exporters.dataset.tables import TABLES
from exporters.errors import UnknownOption

ADA = "Lovelace, Ada <https://orcid.org/0000-0002-1825-0097> (Universität Bremen)"


@pytest.fixture
def data(tmp_path):
    return store(tmp_path / "data", a_journey(), a_run_with_pictures())


def made_with(data, out, **said):
    return make_dataset(data, out, description=Description(title="Wiesen: “2026”", **said))


def test_croissant_is_valid_and_its_reader_reads_the_rows(tmp_path, data):
    made = made_with(data, tmp_path / "out", authors=[ADA], licence="CC-BY-4.0")
    dataset = mlcroissant.Dataset(jsonld=str(made.path / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())

    read = list(dataset.records("items"))
    rows = rows_of(made, "items")
    assert [row["items/content"] and row["items/content"].decode() for row in read] == [row["content"] for row in rows]
    assert [row["items/sequence_number"] for row in read] == [row["sequence_number"] for row in rows]
    assert read[0]["items/timestamp"] == rows[0]["timestamp"]
    assert {row["executions/used_seed"] for row in dataset.records("executions")} == {str(SEED).encode(), None}
    assert len(list(dataset.records("journeys"))) == made.rows["journeys"]


def test_croissant_names_every_column_of_every_table_with_what_it_means(tmp_path, data):
    made = made_with(data, tmp_path / "out")
    sets = {found["name"]: found for found in json.loads((made.path / "croissant.json").read_text())["recordSet"]}
    assert set(sets) == set(TABLES) - {"blobs"}
    for name, found in sets.items():
        assert [(field["name"], field["description"]) for field in found["field"]] == [
            (column.name, column.description) for column in TABLES[name]
        ]


def test_without_a_licence_croissant_misses_nothing_else(tmp_path, data):
    made = made_with(data, tmp_path / "out")
    dataset = mlcroissant.Dataset(jsonld=str(made.path / "croissant.json"))
    [warning] = dataset.metadata.ctx.issues.warnings
    assert "license" in warning


def test_a_changed_table_is_not_read_as_if_it_were_the_same(tmp_path, data):
    made = made_with(data, tmp_path / "out")
    with (made.path / "items.parquet").open("ab") as file:
        file.write(b"x")
    dataset = mlcroissant.Dataset(jsonld=str(made.path / "croissant.json"))
    with pytest.raises(Exception, match=r"Download\(items.parquet\)"):
        list(dataset.records("items"))


def test_nobody_may_use_it_until_somebody_says_so(tmp_path, data):
    """Neither file has a licence, and the README and the crate say that there is none."""
    made = made_with(data, tmp_path / "out", authors=[ADA])
    readme = (made.path / "README.md").read_text()
    assert f"Licence: none. {NONE_YET}" in readme
    assert "LICENSE" not in made.files
    assert "license" not in (made.path / "CITATION.cff").read_text()
    assert "rightsList" not in json.loads((made.path / "datacite.json").read_text())
    assert CrateRead(made.path).entities["./"]["license"] == NONE_YET


@pytest.mark.parametrize("spdx", KNOWN)
def test_a_licence_that_is_known_stands_everywhere_by_its_id_and_where_its_text_is(tmp_path, data, spdx):
    made = made_with(data, tmp_path / "out", authors=[ADA], licence=spdx.lower())
    terms = licence_named(spdx)
    assert f"SPDX-License-Identifier: {spdx}" in (made.path / "LICENSE").read_text()
    for name in ("LICENSE", "README.md", "datacite.json", "croissant.json", "ro-crate-metadata.json"):
        assert terms.url in (made.path / name).read_text(), name
    assert re.search(rf"license: {spdx}\n|license-url: \"{terms.url}\"\n", (made.path / "CITATION.cff").read_text())


@pytest.mark.parametrize("said", ["https://example.org/terms", "Ask the school"])
def test_any_other_licence_is_what_was_said(tmp_path, data, said):
    made = made_with(data, tmp_path / "out", authors=[ADA], licence=said)
    for name in ("LICENSE", "README.md", "datacite.json", "croissant.json", "ro-crate-metadata.json"):
        assert said in (made.path / name).read_text(), name
    assert (f'license-url: "{said}"' in (made.path / "CITATION.cff").read_text()) == said.startswith("https")


def test_authors_are_persons_with_their_ids(tmp_path, data):
    made = made_with(data, tmp_path / "out", authors=[ADA, "Arbeitsgruppe KI & Kunst"], licence="CC0-1.0")
    cff = (made.path / "CITATION.cff").read_text()
    assert '  - family-names: "Lovelace"\n    given-names: "Ada"\n    affiliation: "Universität Bremen"\n' in cff
    assert '    orcid: "https://orcid.org/0000-0002-1825-0097"\n  - name: "Arbeitsgruppe KI & Kunst"\n' in cff
    ada, group = json.loads((made.path / "datacite.json").read_text())["creators"]
    assert (ada["familyName"], ada["nameIdentifiers"][0]["nameIdentifierScheme"]) == ("Lovelace", "ORCID")
    assert group == {"name": "Arbeitsgruppe KI & Kunst"}
    person = CrateRead(made.path).entities["https://orcid.org/0000-0002-1825-0097"]
    assert (person["@type"], person["name"]) == ("Person", "Lovelace, Ada")
    assert "> Lovelace, Ada (https://orcid.org/0000-0002-1825-0097); Arbeits" in (made.path / "README.md").read_text()


def test_without_authors_there_is_no_citation_file_and_datacite_says_unknown(tmp_path, data):
    made = made_with(data, tmp_path / "out")
    assert "CITATION.cff" not in made.files
    assert json.loads((made.path / "datacite.json").read_text())["creators"] == [{"name": "(:unav)"}]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("Ada <0000-0002-1825-0098>", "its last sign would be 7"),
        ("Ada <ada@example.org>", "'ada@example.org' is no ORCID"),
        ("<0000-0002-1825-0097>", "names no author"),
        ("", "names no author"),
        (" , ", "names no author"),
    ],
)
def test_an_author_who_cannot_be_read_is_refused_before_anything_is_written(tmp_path, data, said, complaint):
    with pytest.raises(UnknownOption, match=re.escape(complaint)):
        made_with(data, tmp_path / "out", authors=[said])
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_names_of_people_are_left_as_they_are():
    assert read_author("O’Brien, Seán (Trinity College (Dublin))").affiliation == "Trinity College (Dublin)"
    assert read_author("Doe, Jane <0000-0002-1694-233x>").orcid == "https://orcid.org/0000-0002-1694-233X"


def test_titles_cannot_break_the_files_they_stand_in(tmp_path, data):
    odd = 'Wiesen\n# "and": \\ more\x00 \u2028 \udcff'
    made = make_dataset(data, tmp_path / "out", description=Description(title=odd, authors=[ADA]))
    line = next(line for line in (made.path / "CITATION.cff").read_text().splitlines() if line.startswith("title: "))
    assert json.loads(line.removeprefix("title: ")) == Description(title=odd).title
    assert CrateRead(made.path).entities["./"]["name"] == Description(title=odd).title


def test_every_file_is_described(tmp_path, data):
    made = make_dataset(data, tmp_path / "out", crate="provenance", description=Description(authors=[ADA], licence="x"))
    names = {path.partition("/")[0] for path in content_below(made.path)}
    assert names - set(DESCRIPTIONS) == {"SHA256SUMS"}
    crate = CrateRead(made.path)
    for name in names - {"SHA256SUMS", "ro-crate-metadata.json", "media", "analyses"}:
        assert crate.entities[name]["description"] == DESCRIPTIONS[name]
    readme = (made.path / "README.md").read_text()
    tables = {f"{table}.csv" for table in TABLES}
    assert [name for name in names - tables - {"README.md", "media"} if f"| `{name}" not in readme] == []


def test_the_prompt_is_told_once_where_it_was_given(tmp_path, data):
    crate = CrateRead(made_with(data, tmp_path / "out").path)
    assert len([one for one in crate.of("PropertyValue") if one["value"] == PROMPT]) == 2
