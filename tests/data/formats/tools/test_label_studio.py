"""Label Studio: tasks and tables, several annotators, ground truth, and what is not as Label Studio writes it."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.tools.label_studio import LabelStudio
from auditor.errors import AuditorError, ColumnError, InputError, RowError
from tests.data.formats.tools.exports import (
    LABELS,
    ODD,
    TEXTS,
    check,
    compare,
    names,
    refusal,
    replaced,
    rewritten,
    there_and_back,
    votes,
    written,
)


def choice(*labels: str, question: str = "sentiment") -> dict[str, Any]:
    value = {"choices": list(labels)}
    return {"value": value, "id": "a1", "from_name": question, "to_name": "text", "type": "choices", "origin": "manual"}


def annotation(*labels: str, who: Any = 1, **more: Any) -> dict[str, Any]:
    result = [choice(*labels)] if labels else []
    return {"id": 7, "completed_by": who, "result": result, "was_cancelled": False, "ground_truth": False, **more}


def task(number: int, text: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    data = {"text": text, "source": "web/é"}
    return {"id": number, "annotations": [*annotations], "data": data, "predictions": [{"result": [choice("fear")]}]}


def tasks() -> list[dict[str, Any]]:
    return [task(at, text, annotation(label)) for at, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))]


PLAIN: dict[str, Any] = {}
COMPACT: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":")}


@pytest.mark.parametrize(
    ("name", "style"),
    [("p.json", PLAIN), ("p.json", COMPACT), ("p.json", {"indent": 2}), ("p.jsonl", PLAIN), ("p.jsonl", COMPACT)],
)
def test_an_only_annotation_has_its_choice_replaced(tmp_path: Path, name: str, style: dict[str, Any]) -> None:
    rows = tasks()
    rows[2]["annotations"].insert(0, annotation("anger", was_cancelled=True))
    new = check(written(tmp_path / name, rows, **style), {2: "anger", 5: "relief é/"})
    rows[2]["annotations"][1]["result"][0]["value"]["choices"] = ["anger"]
    rows[5]["annotations"][0]["result"][0]["value"]["choices"] = ["relief é/"]
    assert new.read_text("utf-8") == written(tmp_path / f"expected-{name}", rows, **style).read_text("utf-8")


def test_several_annotations_stay_and_the_corrected_one_is_the_ground_truth(tmp_path: Path) -> None:
    rows = tasks()
    rows[0]["annotations"] = [annotation("joy", who=1), annotation("anger", who={"id": 2, "email": "bob@x.org"})]
    rows[1]["annotations"] = [annotation("anger", who=1), annotation("anger", who=3), annotation("joy", who=4)]
    rows[2]["annotations"] = [annotation("anger", who=1), annotation("joy", who=3, ground_truth=True)]
    path = written(tmp_path / "project.json", rows, indent=1)
    data = read(path)
    assert names(data)[:3] == ["joy", "anger", "joy"]
    assert votes(data)[:2] == [(0, "1", "joy"), (0, "bob@x.org", "anger")]
    assert "On 1 task with several votes, the vote marked as correct is the given label." in data.notes
    file = check(path, {0: "anger", 1: "joy", 2: "anger"})
    new = json.loads(file.read_text())
    for at in range(3):
        *old, added = new[at]["annotations"]
        assert [{**one, "ground_truth": False} for one in old] == [
            {**one, "ground_truth": False} for one in rows[at]["annotations"]
        ]
        assert [one["ground_truth"] for one in old] == [False] * len(old)
        assert added["ground_truth"] is True
        assert "completed_by" not in added  # whoever imports it
        assert added["result"] == [
            {
                "value": {"choices": ["anger", "joy", "anger"][at : at + 1]},
                "from_name": "sentiment",
                "to_name": "text",
                "type": "choices",
            }
        ]
    # Corrected once more, ours alone is replaced.
    again = check(file, {0: "joy"})
    assert len(json.loads(again.read_text())[0]["annotations"]) == 3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"text": "data.text", "label": "annotations"},
        {"text": "text", "label": "sentiment"},
        {"tool": "label-studio"},
        {"label": "annotations.sentiment"},
    ],
)
def test_the_columns_of_the_form_lead_to_the_labels(tmp_path: Path, options: dict[str, Any]) -> None:
    data = read(written(tmp_path / "project.json", tasks()), ReadConfig(**options))
    assert (list(data.texts), names(data)) == (TEXTS, LABELS)
    assert (data.origin.text, data.origin.label, data.origin.options["tool"]) == ("text", "sentiment", "label-studio")
    assert "fear" not in data.label_names  # a prediction
    known = "" if "tool" in options else ", detected from its keys"
    assert data.notes[0] == f"Read as an export of Label Studio{known}: texts from 'text', labels from 'sentiment'."


def test_other_columns_can_be_read_as_they_are(tmp_path: Path) -> None:
    rows = [{**one, "gold": label} for one, label in zip(tasks(), LABELS[::-1], strict=True)]
    path = written(tmp_path / "project.json", rows)
    for options in ({"label": "gold"}, {"label": "gold", "tool": "columns"}):
        data = read(path, ReadConfig(text="data.text", **options))
        assert names(data) == LABELS[::-1]
        assert "tool" not in data.origin.options


def test_tasks_without_a_label_come_back_as_they_were(tmp_path: Path) -> None:
    rows = tasks()
    rows += [
        task(10, "skipped", annotation("joy", was_cancelled=True)),
        task(11, "new"),
        task(12, "none", annotation()),
    ]
    path = written(tmp_path / "project.json", rows)
    with pytest.raises(RowError, match="3 rows of 9 cannot be audited: 3 with missing label"):
        read(path)
    check(path, {0: "anger"})


def test_other_formats_have_a_column_of_labels(tmp_path: Path) -> None:
    path = written(tmp_path / "project.json", tasks())
    for to in ("clean.csv", "clean.parquet", "clean.jsonl"):
        _, after, _ = there_and_back(path, {0: "anger"}, to=to, text="text", label="sentiment")
        assert names(after) == ["anger", *LABELS[1:]]


def test_several_choices_are_refused_with_their_number(tmp_path: Path) -> None:
    rows = tasks()
    rows[1]["annotations"][0]["result"][0]["value"]["choices"] = ["joy", "anger"]
    rows[4]["annotations"].append({"result": [choice("joy"), choice("anger")], "completed_by": 5})
    path = written(tmp_path / "project.json", rows)
    with pytest.raises(ColumnError, match=r"2 tasks of 6 have several labels for 'sentiment', as 'joy', 'anger'"):
        read(path, ReadConfig(drop_invalid=True))


def test_several_questions_or_texts_are_asked_for(tmp_path: Path) -> None:
    rows = tasks()
    for row in rows:
        row["annotations"][0]["result"].append(choice("sport", question="topic"))
    rows[0]["annotations"][0]["result"][1]["value"]["choices"] = ["art"]
    path = written(tmp_path / "project.json", rows)
    with pytest.raises(ColumnError, match="several questions: 'sentiment', 'topic'"):
        read(path)
    with pytest.raises(ColumnError, match="no question 'mood'; it has 'sentiment', 'topic'"):
        read(path, ReadConfig(label="mood"))
    assert names(read(path, ReadConfig(label="topic")))[:2] == ["art", "sport"]
    for row in rows:
        for result in row["annotations"][0]["result"]:
            result["to_name"] = "chat"
    path = written(tmp_path / "two.json", rows)
    with pytest.raises(ColumnError, match=r"several texts in each task: 'data\.text', 'data\.source'") as found:
        read(path, ReadConfig(label="topic"))
    assert "--text data.text" in found.value.todo
    assert read(path, ReadConfig(label="topic", text="data.source")).texts[0] == "web/é"
    with pytest.raises(ColumnError, match=r"no text 'data\.body'"):
        read(path, ReadConfig(label="topic", text="data.body"))


def test_labels_of_passages_are_none_of_the_text(tmp_path: Path) -> None:
    rows = tasks()
    for row in rows:
        (result,) = row["annotations"][0]["result"]
        result["value"] |= {"start": 0, "end": 2}
    with pytest.raises(ColumnError, match="no task of this export of Label Studio has a label for its whole text"):
        read(written(tmp_path / "spans.json", rows))


# -- tables ---------------------------------------------------------------------------------------------------------


def table(raters: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "text": text,
            "id": at,
            "sentiment": label if rater < 2 else "fear",
            "annotator": rater + 1,
            "annotation_id": 100 * at + rater,
            "created_at": f"2026-01-0{rater + 1}T10:00:00.000000Z",
            "updated_at": f"2026-01-0{rater + 1}T10:00:00.000000Z",
            "lead_time": 1.5,
        }
        for at, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
        for rater in range(raters)
    ]


def as_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(
        file, sorted(rows[0]), quoting=csv.QUOTE_NONNUMERIC, delimiter="\t" if path.suffix == ".tsv" else ","
    )
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(file.getvalue(), "utf-8", newline="")
    return path


@pytest.mark.parametrize("name", ["min.json", "table.csv", "table.tsv"])
def test_tables_are_tables(tmp_path: Path, name: str) -> None:
    make = written if name.endswith("json") else as_csv
    path = make(tmp_path / name, table())
    data = read(path)
    assert names(data) == LABELS
    assert "Read as a table of Label Studio, detected from its columns: one row per annotation." in data.notes
    check(path, {1: "joy"})
    shared = make(tmp_path / f"shared-{name}", table(raters=3))
    data = read(shared)
    assert (names(data), len(votes(data)), data.ids) == (LABELS, 18, list("012345"))
    _, after, _ = there_and_back(shared, {1: "joy"})
    assert names(after)[1] == "joy"


@pytest.mark.parametrize("name", ["min.json", "table.csv"])
def test_tables_with_several_choices_are_refused(tmp_path: Path, name: str) -> None:
    rows = table()
    several: Any = {"choices": ["joy", "anger"]}
    rows[0]["sentiment"] = rows[3]["sentiment"] = several if name == "min.json" else json.dumps(several)
    path = (written if name == "min.json" else as_csv)(tmp_path / name, rows)
    with pytest.raises(ColumnError, match="2 rows of 6 have several labels in 'sentiment'"):
        read(path)


# -- what is not as Label Studio writes it --------------------------------------------------------------------------

PLACES: list[tuple[Any, ...]] = [
    ("data",),
    ("data", "text"),
    ("annotations",),
    ("annotations", 0),
    ("annotations", 0, "result"),
    ("annotations", 0, "completed_by"),
    ("annotations", 0, "was_cancelled"),
    ("annotations", 0, "ground_truth"),
    ("annotations", 0, "result", 0),
    ("annotations", 0, "result", 0, "type"),
    ("annotations", 0, "result", 0, "from_name"),
    ("annotations", 0, "result", 0, "to_name"),
    ("annotations", 0, "result", 0, "value"),
    ("annotations", 0, "result", 0, "value", "choices"),
    ("annotations", 0, "result", 0, "value", "choices", 0),
]


@pytest.mark.parametrize("path", PLACES, ids=str)
def test_another_kind_of_value_is_refused_or_no_label(path: tuple[Any, ...]) -> None:
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]
    found = [refusal(LabelStudio(), replaced(tasks()[1], path, value)) for value in ODD]
    messages = [what for what in found if what]
    assert all(what.startswith("odd.json, object 2: ") and len(what) < 200 for what in messages)
    if path[-1] not in ("was_cancelled", "ground_truth", "type", "to_name"):
        assert any(what.startswith(f"odd.json, object 2: {key}") for what in messages), messages


@pytest.mark.parametrize("path", [("data",), ("annotations", 0), ("annotations", 0, "result", 0, "value", "choices")])
@pytest.mark.parametrize("name", ["odd.json", "odd.jsonl"])
def test_files_of_other_kinds_of_values_are_refused(tmp_path: Path, path: tuple[Any, ...], name: str) -> None:
    for value in ([], {"x": 1}, 3):
        rows = tasks()
        rows[1] = replaced(rows[1], path, value)
        with pytest.raises(InputError, match="odd"):
            read(written(tmp_path / name, rows), ReadConfig(tool="label-studio"))


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    for levels in (50, *range(930, 1000, 5), 100_000):
        deep = "[" * levels + "]" * levels
        text = json.dumps(tasks()).replace('"web/\\u00e9"', deep, 1)
        (tmp_path / "deep.json").write_text(text)
        with suppress(AuditorError):
            assert names(read(tmp_path / "deep.json")) == LABELS


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["joy", "anger", "", "a,b", "]}", '"']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["choices", "result", "value", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
ANNOTATIONS = st.builds(
    lambda labels, who, cancelled, truth, more: {
        **annotation(*labels, who=who, was_cancelled=cancelled, ground_truth=truth),
        "meta": more,
    },
    st.lists(st.sampled_from(["joy", "anger", 'f"e]ar}']), max_size=1),
    st.sampled_from([None, 1, 2, {"id": 3, "email": "c@x"}]),
    st.booleans(),
    st.booleans(),
    VALUES,
)


@settings(max_examples=25)
@given(
    many=st.lists(st.lists(ANNOTATIONS, max_size=4), min_size=2, max_size=5),
    target=st.sampled_from(["joy", "anger", "new 爱"]),
    as_lines=st.booleans(),
    style=st.sampled_from([{}, {"separators": (",", ":")}, {"ensure_ascii": False}]),
)
def test_any_annotations_can_be_corrected(
    tmp_path_factory: pytest.TempPathFactory, many: Any, target: str, as_lines: bool, style: dict[str, Any]
) -> None:
    rows = tasks()[:2] + [task(10 + at, f"text {at}", *annotations) for at, annotations in enumerate(many)]
    rows[0]["annotations"] = [annotation("joy", who=1)]
    rows[1]["annotations"] = [annotation("anger", who=2)]
    path = written(tmp_path_factory.mktemp("ls") / ("p.jsonl" if as_lines else "p.json"), rows, **style)
    data = read(path, ReadConfig(drop_invalid=True))
    changes = {row: target for row, label in enumerate(names(data)) if row > 1 and label != target}
    compare(*rewritten(path, changes), changes)


@settings(max_examples=25)
@given(path=st.sampled_from(PLACES), value=VALUES)
def test_any_value_anywhere_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, path: Any, value: Any) -> None:
    rows = tasks()
    rows[2] = replaced(rows[2], path, value)
    file = written(tmp_path_factory.mktemp("ls") / "p.json", rows)
    try:
        data = read(file, ReadConfig(tool="label-studio", drop_invalid=True))
    except InputError:
        return
    changes = dict.fromkeys(range(1, len(data)), "new")
    compare(*rewritten(file, changes), changes)
