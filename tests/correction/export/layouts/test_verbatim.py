"""Every row of a file is read, and a row that nobody changed comes back byte for byte, however its author wrote it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import ReadConfig
from auditor.correction.decide.corrections import correct
from auditor.correction.export.export import write_export
from auditor.data import LabeledTexts, read
from auditor.errors import ExportError, RunDamagedError
from auditor.review.log.parts import LabelChange
from tests.correction.deciding import corrected, relabelled, vote

LABELS = ["joy", "love, actually", 'the "other"', "=1+1", "爱", "Joy"]
TEXTS = st.text(st.sampled_from(list("ab é爱😀'=@-+\\/ ")), min_size=1, max_size=12).filter(
    lambda text: text.strip() != ""
)
RICH = st.text(st.sampled_from(list("ab é爱😀,;\t|\"\n\r'=@\\")), min_size=1, max_size=12).filter(
    lambda text: text.strip() != ""
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
BLANKS = st.sampled_from(["", "", "", "\n", "  \r\n", "\n\n"])


@dataclass
class File:
    """A file as text: what stands before its rows, its rows, and what they mean."""

    head: str
    rows: list[str]
    meant: list[tuple[str, str]]
    tail: str = ""

    @property
    def whole(self) -> str:
        return self.head + "".join(self.rows) + self.tail


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def escaped(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def csv_files(draw: st.DrawFn) -> File:
    """Fields between quotes or not, wherever either is allowed; every line end, blank lines, columns of any name."""
    delimiter = draw(st.sampled_from(",;|"))
    others = draw(st.sampled_from([[], ["n"], ["", ""], ["n", "n"]]))
    header = ["text", "label", *others]

    def field(value: str) -> str:
        bare = not set(value) & {delimiter, "\r", "\n"} and not value.startswith('"')
        return value if bare and draw(st.booleans()) else quoted(value)

    def line(values: list[str]) -> str:
        return delimiter.join(map(field, values)) + draw(ENDS)

    head = draw(st.sampled_from(["", "", f"sep={delimiter}\r\n", "\n"])) + line(header)
    # The first row shows what the delimiter is, and that quotes are quoting: nobody could tell from less.
    first = delimiter.join(map(quoted, [f"a {delimiter} b", "joy", *others])) + "\n"
    rows, meant = [first], [(f"a {delimiter} b", "joy")]
    for text, label in draw(st.lists(st.tuples(RICH, st.sampled_from(LABELS)), min_size=2, max_size=6)):
        rows.append(draw(BLANKS) + line([text, label, *[draw(RICH) for _ in others]]))
        meant.append((text, label))
    rows.append(line(["last", "love, actually", *others]).rstrip("\r\n") + draw(st.sampled_from(["", "\n", "\r\n"])))
    meant.append(("last", "love, actually"))
    return File(head, rows, meant, draw(BLANKS) if rows[-1][-1:] == "\n" else "")


@st.composite
def json_files(draw: st.DrawFn) -> File:
    """Objects with any spacing, escapes, order of keys and other keys, one a line or in an array."""
    is_array = draw(st.booleans())
    blank = st.sampled_from(["", " ", "  "])

    def space() -> str:
        return draw(st.sampled_from(["", " ", "\n  ", "\t"]) if is_array else blank)

    def token(value: Any) -> str:
        text = json.dumps(value, ensure_ascii=draw(st.booleans()))
        return text.replace("/", "\\/") if draw(st.booleans()) else text

    others = st.sampled_from([{}, {"meta": {}}, {"n": 10**20}, {"n": "n/a"}, {"n": 0.50}, {"deep": {"label": [1, {}]}}])
    objects, meant = [], []
    pairs = [
        ("one", "joy"),
        *draw(st.lists(st.tuples(RICH, st.sampled_from(LABELS)), min_size=1, max_size=5)),
        ("b", "爱"),
    ]
    for text, label in pairs:
        keys = draw(st.permutations(list({"text": text, "label": label, **draw(others)}.items())))
        inner = ",".join(f"{space()}{token(key)}{space()}:{space()}{token(value)}{space()}" for key, value in keys)
        objects.append("{" + inner + "}")
        meant.append((text, label))
    if not is_array:
        return File("", [draw(BLANKS) + one + draw(st.sampled_from(["\n", "\r\n"])) for one in objects], meant)
    rows = [objects[0], *(f"{space()},{space()}{one}" for one in objects[1:])]
    return File(f"{space()}[", rows, meant, f"{space()}]{space()}")


@st.composite
def line_files(draw: st.DrawFn) -> File:
    pairs = [("one", "joy"), *draw(st.lists(st.tuples(TEXTS, st.sampled_from(LABELS)), max_size=5)), ("b;", "爱")]
    end = st.sampled_from(["\n", "\r\n"])
    blank = st.sampled_from(["", " "])
    rows = [f"{draw(BLANKS)}{text};{draw(blank)}{label}{draw(blank)}{draw(end)}" for text, label in pairs]
    return File(draw(st.sampled_from(["", "text;label\n"])), rows, pairs)


def check(file: File, path: Path, config: ReadConfig, encoding: str = "utf-8", row: int = 0) -> None:
    """Both laws: all rows are read, and an export changes nothing but the labels decided."""
    path.write_bytes(file.whole.encode(encoding))
    data = read(path, config)
    assert list(zip(data.texts, (data.label_names[code] for code in data.labels), strict=True)) == [
        (text, label.strip()) for text, label in file.meant
    ]
    out = path.with_name(f"out-{path.name}")
    write_export(corrected(data), out)
    assert out.read_bytes() == path.read_bytes()
    row %= len(data)
    new = next(name for name in data.label_names if name != data.label_names[data.labels[row]])
    write_export(relabelled(data, {row: new}), out, force=True, raw=True)
    changed = out.read_bytes().decode(encoding)
    mark = "\ufeff" if file.whole.startswith("\ufeff") else ""
    before, after = file.head.removeprefix(mark) + "".join(file.rows[:row]), "".join(file.rows[row + 1 :]) + file.tail
    assert changed.startswith(mark + before)
    assert changed.endswith(after)
    expected = [new if at == row else data.label_names[code] for at, code in enumerate(data.labels)]
    if len(set(expected)) > 1:  # of one class there is no dataset
        again = read(out, config)
        assert list(again.texts) == list(data.texts)
        assert [again.label_names[code] for code in again.labels] == expected


CONFIG = ReadConfig(text="text", label="label")


@given(file=csv_files(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]), row=st.integers(0, 9))
@settings(max_examples=60)
def test_csv(tmp_path_factory: pytest.TempPathFactory, file: File, encoding: str, row: int) -> None:
    check(
        file,
        tmp_path_factory.mktemp("csv") / "rows.csv",
        CONFIG.model_copy(update={"encoding": encoding}),
        encoding,
        row,
    )


@given(file=json_files(), row=st.integers(0, 9))
@settings(max_examples=60)
def test_json(tmp_path_factory: pytest.TempPathFactory, file: File, row: int) -> None:
    check(file, tmp_path_factory.mktemp("json") / ("rows.json" if "[" in file.head else "rows.jsonl"), CONFIG, row=row)


@given(file=line_files(), row=st.integers(0, 9))
@settings(max_examples=30)
def test_lines(tmp_path_factory: pytest.TempPathFactory, file: File, row: int) -> None:
    check(file, tmp_path_factory.mktemp("lines") / "rows.txt", CONFIG, row=row)


@given(pairs=st.lists(st.tuples(RICH, st.sampled_from(["joy", "爱", '"so"'])), min_size=1, max_size=6), end=ENDS)
@settings(max_examples=30)
def test_tsv_without_quoting(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]], end: str) -> None:
    pairs = [(text.translate(str.maketrans("\t\r\n", "   ")), label) for text, label in pairs]
    pairs = [("a", "joy"), *[(f"b{text}", label) for text, label in pairs], ("c", "爱")]
    file = File(f"text\tlabel{end}", [f"{text}\t{label}{end}" for text, label in pairs], pairs)
    check(file, tmp_path_factory.mktemp("tsv") / "rows.tsv", CONFIG.model_copy(update={"quoting": "none"}))


@given(pairs=st.lists(st.tuples(RICH, st.sampled_from(LABELS)), min_size=1, max_size=6))
@settings(max_examples=30)
def test_csv_with_backslashes(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    pairs = [('say "no", he', "joy"), *pairs, ("c", "爱")]
    file = File("text,label\n", [f"{escaped(text)},{escaped(label)}\n" for text, label in pairs], pairs)
    check(file, tmp_path_factory.mktemp("escaped") / "rows.csv", CONFIG)


@given(pairs=st.lists(st.tuples(RICH, st.sampled_from(LABELS)), min_size=1, max_size=6))
@settings(max_examples=30)
def test_csv_with_blanks_after_commas(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    pairs = [("a, b", "joy"), *pairs, ("c", "爱")]
    file = File("text, label\n", [f"{quoted(text)}, {quoted(label)}\n" for text, label in pairs], pairs)
    check(file, tmp_path_factory.mktemp("blanks") / "rows.csv", CONFIG)


def test_no_header(tmp_path: Path) -> None:
    pairs = [("a, b", "4"), ("4", "0"), ("c", "4")]
    file = File("", [f'"{label}","x",{quoted(text)}\n' for text, label in pairs], pairs)
    check(file, tmp_path / "a.csv", ReadConfig(header=False, text="column_3", label="column_1"))
    check(file, tmp_path / "b.csv", ReadConfig(columns=("label", "x", "text")))


def test_added_columns_follow_the_source_s_own(tmp_path: Path) -> None:
    sources = {
        "a.csv": b'text,label\r\n"so glad",joy\r\n"so, sad",sadness\r\nmeh,sadness',
        "a.jsonl": b'{"text":"a","label":"joy"}\n{ "text": "b", "label": "sadness" }\n{"text":"c","label":"sadness"}\n',
        "a.json": b'[\n {\n  "text": "a",\n  "label": "joy"\n },\n {"text": "b", "label": "sadness"}\n'
        b',{"text":"c","label":"sadness"}]',
    }
    for name, content in sources.items():
        (tmp_path / name).write_bytes(content)
        out = tmp_path / f"out-{name}"
        write_export(relabelled(tmp_path / name, {1: "joy"}), out, provenance=True)
        again = read(out, CONFIG)
        assert again.table["original:given_label"].to_pylist() == ["joy", "sadness", "sadness"]
        assert again.table["original:verdict"].to_pylist()[1] == "relabel"
    assert (tmp_path / "out-a.csv").read_text().startswith("text,label,")
    assert '\n"so, sad",joy,' in (tmp_path / "out-a.csv").read_text()


def test_rows_left_out_take_nothing_else_with_them(tmp_path: Path) -> None:
    from auditor.correction.decide.policy import Policy

    (tmp_path / "a.json").write_text(
        '[\n {"text": "a", "label": "x"},\n {"text": "b", "label": "y"},\n {"text": "c", "label": "x"}\n]\n'
    )
    data = read(tmp_path / "a.json", CONFIG)
    for row, left in ((0, "bc"), (1, "ac"), (2, "ab")):
        chosen = relabelled(data, {row: "new"}, policy=Policy(leave_out=("none_fits",)))
        write_export(chosen, tmp_path / "out.json", force=True)
        assert [one["text"] for one in json.loads((tmp_path / "out.json").read_text())] == list(left)
        assert json.loads((tmp_path / "excluded.json").read_text()) == [data_row(data, row)]


def data_row(data: LabeledTexts, row: int) -> dict[str, str]:
    return {"text": data.texts[row], "label": data.label_names[data.labels[row]]}


def test_several_files_in_one(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(b"text,label\nso glad,joy\nso sad,sadness")
    (tmp_path / "test.csv").write_bytes(b'text,label\r\n"fine",joy\r\n')
    write_export(corrected([tmp_path / "train.csv", tmp_path / "test.csv"]), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b'text,label\nso glad,joy\nso sad,sadness\n"fine",joy\r\n'
    write_export(corrected([tmp_path / "train.csv", tmp_path / "test.csv"]), tmp_path / "out")
    assert (tmp_path / "out" / "train.csv").read_bytes() == (tmp_path / "train.csv").read_bytes()
    assert (tmp_path / "out" / "test.csv").read_bytes() == (tmp_path / "test.csv").read_bytes()


FORMULAS = b'text,label\n@you,joy\n=1+1,sadness\nfine,"-x"\n'


def test_formulas_stand_as_they_were_and_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(FORMULAS)
    data = read(tmp_path / "a.csv", CONFIG)
    written = write_export(corrected(data), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == FORMULAS
    assert written.notes == (
        "A spreadsheet would run 3 cells as formulas; rows are copied from the source (--guard puts an apostrophe"
        " before formulas).",
    )
    written = write_export(corrected(data), tmp_path / "safe.csv", guard=True)
    assert (tmp_path / "safe.csv").read_bytes() == b"text,label\n'@you,joy\n'=1+1,sadness\nfine,\"'-x\"\n"
    assert written.notes == ()
    write_export(corrected(data), tmp_path / "out.tsv")
    assert b"'@you\tjoy" in (tmp_path / "out.tsv").read_bytes(), "another layout is guarded"


def test_a_new_label_that_is_a_formula_is_guarded_and_a_known_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(FORMULAS)
    data = read(tmp_path / "a.csv", CONFIG)
    changed = relabelled(data, {0: "=cmd()", 1: "-x"})
    done = write_export(changed, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b'text,label\n@you,\'=cmd()\n=1+1,-x\nfine,"-x"\n'
    guarded, left = done.notes
    assert guarded.startswith("An apostrophe was put before the formulas in 1 cell,")
    assert left.startswith("A spreadsheet would run 4 cells as formulas;")
    done = write_export(changed, tmp_path / "raw.csv", raw=True)
    assert (tmp_path / "raw.csv").read_bytes() == b'text,label\n@you,=cmd()\n=1+1,-x\nfine,"-x"\n'
    assert done.notes == ()


def test_formulas_in_a_renamed_class_are_guarded_and_not_counted_as_left(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"text,label\nfine,=joy\nok,=joy\nsad,sadness\n")
    made = corrected(tmp_path / "a.csv")
    change = LabelChange(operation="rename", labels=("=joy",), to="=bliss")
    made = correct(made.texts, made.outcomes, made.policy, made.suggestions, label_changes=[change])
    done = write_export(made, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"text,label\nfine,'=bliss\nok,'=bliss\nsad,sadness\n"
    (note,) = done.notes
    assert note.startswith("An apostrophe was put before the formulas in 2 cells,")


@pytest.mark.parametrize(
    ("options", "cell"), [({}, "'=cmd()"), ({"guard": True}, "'=cmd()"), ({"raw": True}, "=cmd()")]
)
def test_added_columns_are_guarded_like_new_labels(tmp_path: Path, options: dict[str, bool], cell: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"text,label\nfine,joy\nsad,sadness\n")
    data = read(tmp_path / "a.csv", CONFIG)
    made = corrected(data, vote(data, 1, "keep", note="=cmd()"))
    done = write_export(made, tmp_path / "out.csv", provenance=True, **options)
    assert (tmp_path / "out.csv").read_text().splitlines()[2].endswith(f",{cell}")
    assert [note.split(",")[0] for note in done.notes] == (
        [] if options else ["An apostrophe was put before the formulas in 1 cell"]
    )


@pytest.mark.parametrize(
    ("name", "content", "label"),
    [
        ("a.tsv", b'text\tlabel\nsay "a"\tjoy\n"b\tsadness\n', "tab\there"),
        ("a.txt", b"so glad;joy\nso sad;sadness\n", "semi;colon"),
        ("a.txt", b"so glad;joy\nso sad;sadness\n", "line\nend"),
    ],
)
def test_labels_that_a_layout_cannot_hold(tmp_path: Path, name: str, content: bytes, label: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExportError) as caught:
        write_export(relabelled(tmp_path / name, {0: label}), tmp_path / f"out-{name}", raw=True)
    assert "NAME.csv" in caught.value.todo
    assert not (tmp_path / f"out-{name}").exists()


@pytest.mark.parametrize("label", ["data.label", "label"])
def test_nested_columns(tmp_path: Path, label: str) -> None:
    def line(number: int, name: str) -> str:
        inner = {"text": f"t{number}"} | ({"label": name} if label != "label" else {})
        return json.dumps({"label": name if label == "label" else "no", "data": inner}) + "\n"

    lines = [line(number, name) for number, name in enumerate(["joy", "sad", "joy", "sad"])]
    (tmp_path / "a.jsonl").write_text("".join(lines))
    config = ReadConfig(text="data.text", label=label)
    data = read(tmp_path / "a.jsonl", config)
    assert list(data.texts) == ["t0", "t1", "t2", "t3"]
    write_export(corrected(data), tmp_path / "same.jsonl")
    assert (tmp_path / "same.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()
    write_export(relabelled(data, {1: "joy"}), tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "".join([lines[0], line(1, "joy"), *lines[2:]])
    write_export(relabelled(data, {1: "joy"}), tmp_path / "out.parquet")
    again = read(tmp_path / "out.parquet", config)
    assert [again.label_names[code] for code in again.labels] == ["joy", "joy", "joy", "sad"]


def test_added_columns_below_excel_s_first_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"sep=;\r\n\r\ntext;label\r\nso glad;joy\r\nso sad;sadness\r\n")
    write_export(corrected(tmp_path / "a.csv"), tmp_path / "out.csv", provenance=True, guard=True)
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[:2] == ["sep=;", ""]
    assert lines[2].startswith("text;label;")
    assert lines[3].startswith("so glad;joy;")


DAMAGED: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "no such row": ("a.csv", b"one,two,three,four\n", {}),
    "an open quote": ("a.csv", b'"one,joy\n', {}),
    "no delimiter": ("a.csv", b"one,joy\n", {"delimiter": 7}),
    "no object": ("a.jsonl", b"[1]\n", {}),
    "cut JSON": ("a.jsonl", b'{"label": "joy"', {}),
    "no line": ("a.txt", b"one\n", {}),
    "no head": ("a.csv", b"one,joy\n", {"head": None}),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_rows_of_a_run_that_are_not_what_they_should_be(tmp_path: Path, case: str) -> None:
    name, row, about = DAMAGED[case]
    contents = {
        "a.csv": b"text,label\nso glad,joy\nso sad,sadness\n",
        "a.jsonl": b'{"text": "so glad", "label": "joy"}\n{"text": "so sad", "label": "sadness"}\n',
        "a.txt": b"so glad;joy\nso sad;sadness\n",
    }
    (tmp_path / name).write_bytes(contents[name])
    data = read(tmp_path / name, CONFIG)
    raw = pa.chunked_array([[row] * 2], pa.large_binary())
    data = replace(data, table=data.table.set_column(data.table.column_names.index("raw"), "raw", raw))
    data.origin.options["parts"][0].update(about)
    with pytest.raises(RunDamagedError):
        write_export(relabelled(data, {0: "sadness"}), tmp_path / f"out-{name}")
    assert not (tmp_path / f"out-{name}").exists()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "a.jsonl",
            '{"text": "t0", "label": "joy", "label_id": 0}',
            '{"text": "t0", "label": "awe", "label_id": null}',
        ),
        ("a.json", '{"text": "t0", "label": "joy", "label_id": 0}', '{"text": "t0", "label": "awe", "label_id": null}'),
    ],
)
def test_a_twin_whose_value_is_not_known_is_emptied_as_the_note_says(
    tmp_path: Path, name: str, before: str, after: str
) -> None:
    names = ("joy", "sad", "mad")
    rows = [json.dumps({"text": f"t{at}", "label": names[at % 3], "label_id": at % 3}) for at in range(12)]
    text = "[" + ",\n".join(rows) + "]" if name == "a.json" else "".join(f"{row}\n" for row in rows)
    (tmp_path / name).write_text(text)
    written = write_export(relabelled(tmp_path / name, {0: "awe"}), tmp_path / f"out-{name}")
    assert (tmp_path / f"out-{name}").read_text() == text.replace(before, after)
    assert any("'label_id' for 'awe' is unknown: it is left empty" in note for note in written.notes)


def test_lines_have_no_room_for_a_label_that_is_made_of_votes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("so glad;joy|sad|joy\nso sad;sad|sad|sad\n" * 4)
    config = ReadConfig(text="text", votes="label", label="")
    written = write_export(corrected(tmp_path / "a.txt", config=config), tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "so glad;joy\nso sad;sad\n" * 4
    assert any("left out: label" in note for note in written.notes)
