"""Exports of annotation tools: patches, policies, other formats and the Hub's form, as for any source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.config import ReadConfig
from auditor.correction.export.export import write_export
from auditor.correction.export.tables import as_dataset_dict, corrected_tables
from auditor.correction.patch.patch import make_patch
from auditor.data import LabeledTexts, read
from tests.correction.deciding import corrected, relabelled, vote
from tests.data.formats.tools import test_argilla as argilla
from tests.data.formats.tools import test_doccano as doccano
from tests.data.formats.tools import test_label_studio as label_studio
from tests.data.formats.tools import test_prodigy as prodigy
from tests.data.formats.tools.exports import LABELS, names, votes, written

CONFIG = ReadConfig(drop_invalid=True)
TOOLS = ["label-studio", "argilla", "doccano", "prodigy"]


@pytest.fixture(params=TOOLS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    rows = {
        "label-studio": label_studio.tasks,
        "argilla": lambda: argilla.records(argilla.ANN, argilla.BOB),
        "doccano": doccano.examples,
        "prodigy": lambda: [
            *prodigy.answers(),
            *(prodigy.answer(at, text, "joy", who="db-bob") for at, text in enumerate(prodigy.TEXTS[:2])),
        ],
    }[request.param]()
    return written(tmp_path / f"{request.param}.jsonl", rows)


def test_a_patch_is_made_and_applied(source: Path, tmp_path: Path) -> None:
    from auditor import apply_patch

    changes = make_patch(relabelled(source, {1: "fear", 2: "anger"}, config=CONFIG))
    assert [(change.old, change.new) for change in changes] == [(names(read(source))[1], "fear"), ("joy", "anger")]
    applied, _ = apply_patch(changes, source, tmp_path / "patched.jsonl", config=CONFIG, add_classes=True)
    assert len(applied.applied) == 2
    after = read(tmp_path / "patched.jsonl", CONFIG)
    assert names(after)[1:3] == ["fear", "anger"]
    again, _ = apply_patch(changes, tmp_path / "patched.jsonl", tmp_path / "again.jsonl", config=CONFIG)
    assert (len(again.applied), len(again.already)) == (0, 2)
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "patched.jsonl").read_bytes()


def test_an_excluded_text_takes_all_that_is_about_it_along(source: Path, tmp_path: Path) -> None:
    data = read(source, CONFIG)
    write_export(corrected(data, vote(data, 1, "exclude")), tmp_path / "clean.jsonl")
    left = read(tmp_path / "clean.jsonl", CONFIG)
    assert list(left.texts) == [text for at, text in enumerate(data.texts) if at != 1]
    apart = (tmp_path / "excluded.jsonl").read_bytes()
    assert apart == data.table["raw"][1].as_py()
    both = (tmp_path / "clean.jsonl").read_bytes() + apart
    assert sorted(both.splitlines()) == sorted(b"".join(data.table["raw"].to_pylist()).splitlines())


def test_a_run_keeps_all_that_an_export_needs(source: Path, tmp_path: Path) -> None:
    read(source, CONFIG).write(tmp_path / "dataset.parquet", tmp_path / "rejected.parquet")
    beside = tmp_path / "votes.parquet"
    data = LabeledTexts.load(
        tmp_path / "dataset.parquet", tmp_path / "rejected.parquet", beside if beside.exists() else None
    )
    write_export(relabelled(data, {3: "joy"}), tmp_path / "clean.jsonl")
    assert names(read(tmp_path / "clean.jsonl", CONFIG))[3] == "joy"


@pytest.mark.parametrize("name", ["clean.csv", "clean.parquet"])
def test_another_format_has_the_label_in_a_column(source: Path, tmp_path: Path, name: str) -> None:
    corrections = relabelled(source, {2: "anger"}, config=CONFIG)
    exported = write_export(corrections, tmp_path / name)
    label = corrections.texts.origin.label
    assert any(f"The labels are in column '{label}'" in note for note in exported.notes)
    beside = f"{label}.votes" if corrections.texts.votes else None
    after = read(tmp_path / name, ReadConfig(tool="columns", text="text", label=label, votes=beside))
    assert names(after)[2] == "anger"
    assert votes(after) == votes(corrections.texts)
    made = as_dataset_dict(corrected_tables(corrections))["all"]
    assert made[label][2] == "anger"


def test_new_columns_and_class_names(source: Path, tmp_path: Path) -> None:
    corrections = relabelled(source, {2: "anger"}, config=CONFIG)
    write_export(corrections, tmp_path / "more.jsonl", provenance=True, label_names=True)
    lines = [json.loads(line) for line in (tmp_path / "more.jsonl").read_text().splitlines()]
    assert (
        len(lines)
        == len(source.read_text().splitlines()) + (corrections.texts.votes is not None and len(lines) > 6) * 0
    )
    assert names(read(tmp_path / "more.jsonl", CONFIG))[2:4] == ["anger", LABELS[3]]
