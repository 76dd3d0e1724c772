"""Files of many writers: each row is read as it was meant, and an export changes nothing but the label of a row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from auditor.config import ReadConfig
from auditor.correction.export.export import write_export
from auditor.correction.patch.apply import apply
from auditor.correction.patch.patch import make_patch
from auditor.data import LabeledTexts, read
from tests.correction.deciding import corrected, relabelled

Pairs = list[tuple[str, str]]
LABELS = ("joy", "anger", "sadness")
PAIRS = [
    (f"i feel number {number} today", LABELS[at % 3]) for at, number in enumerate("one two three four five six".split())
] * 3
TEXTS = [text for text, _ in PAIRS]


def lines(pairs: Pairs = PAIRS, cut: str = ",", head: str = "text,label\n", end: str = "\n") -> str:
    return head + "".join(f"{text}{cut}{label}{end}" for text, label in pairs)


def table(names: tuple[str, ...], row: Callable[[int, str, str], tuple[Any, ...]]) -> str:
    file = io.StringIO()
    rows = [row(at, *pair) for at, pair in enumerate(PAIRS)]
    csv.writer(file, lineterminator="\n").writerows([names, *rows])
    return file.getvalue()


def objects(row: Callable[[int, str, str], dict[str, Any]], end: str = "\n") -> str:
    return "".join(json.dumps(row(at, *pair)) + end for at, pair in enumerate(PAIRS))


def sheet(*rows: tuple[Any, ...]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(file)
    return file.getvalue()


@dataclass(frozen=True)
class Case:
    """A file, its pairs, how it is read, and a part of a note."""

    name: str
    data: str | bytes
    pairs: Pairs = field(default_factory=lambda: PAIRS)
    config: dict[str, Any] = field(default_factory=dict)
    note: str = ""


ODD = "\u2028x\x85y\x0bz\x0cw\x1cv"
"""Characters at which Python cuts lines, and no reader of data does."""
CASES = {
    "CR only": Case("a.csv", lines(head="text,label\r", end="\r")),
    "CR only, lines": Case("a.txt", lines(cut=";", head="", end="\r")),
    "CR only, no last": Case("a.txt", lines(cut=";", head="", end="\r")[:-1]),
    "CR only, fastText": Case("a.txt", "".join(f"__label__{label} {text}\r" for text, label in PAIRS)),
    "CR only, JSON Lines": Case("a.jsonl", objects(lambda _, text, label: {"text": text, "label": label}, "\r")),
    "CR CR LF": Case("a.csv", lines(head="text,label\r\r\n", end="\r\r\n"), note="blank lines skipped"),
    "LF CR": Case("a.csv", lines(head="text,label\n\r", end="\n\r"), note="blank lines skipped"),
    "two byte order marks": Case("a.csv", "\ufeff\ufeff" + lines(head="Text,LABEL\n")),
    "a mark between": Case(
        "a.csv",
        lines(PAIRS[:6]) + "\ufeff" + lines(PAIRS[6:], head=""),
        [*PAIRS[:6], ("\ufeff" + TEXTS[6], "joy"), *PAIRS[7:]],
    ),
    "other breaks, CSV": Case(
        "a.csv", lines([(text + ODD, label) for text, label in PAIRS]), [(t + ODD, k) for t, k in PAIRS]
    ),
    "other breaks, lines": Case(
        "a.txt", lines([(text + ODD, label) for text, label in PAIRS], ";", ""), [(t + ODD, k) for t, k in PAIRS]
    ),
    "inches": Case(
        "a.csv",
        'text,label\na 5" screen,joy\n"a, ""b""",anger\n' + lines(head=""),
        [('a 5" screen', "joy"), ('a, "b"', "anger"), *PAIRS],
    ),
    "doubled quotes": Case(
        "a.csv", 'text,label\n""hello"" he said,joy\n' + lines(head=""), [('""hello"" he said', "joy"), *PAIRS]
    ),
    "backslash before a quote": Case(
        "a.csv", 'text,label\n"C:\\dir\\",joy\n' + lines(head=""), [("C:\\dir\\", "joy"), *PAIRS]
    ),
    "escapes without quotes": Case(
        "a.csv", "text,label\nwell\\, yes,joy\n" + lines(head=""), [("well, yes", "joy"), *PAIRS]
    ),
    "a quote that never closes": Case("a.csv", lines() + '"and then,joy\n', [*PAIRS, ('"and then', "joy")]),
    "sep= after a mark": Case("a.csv", "\ufeffsep=;\r\n" + lines(cut=";", head="text;label\r\n", end="\r\n")),
    "Hive": Case("a.csv", lines(cut="\1", head="text\1label\n"), config={"delimiter": "\1"}),
    "decimal commas": Case(
        "a.csv", table(("text;label;n",), lambda at, text, label: (f"{text};{label};0,{at}",)).replace('"', "")
    ),
    "\\N": Case(
        "a.csv",
        lines([*PAIRS, ("who knows", "\\N")]),
        [*PAIRS, ("who knows", "\\N")],
        note="may mean a missing one: '\\\\N'",
    ),
    "unsup": Case(
        "a.csv", lines([*PAIRS, ("who knows", "unsup")]), [*PAIRS, ("who knows", "unsup")], note="may mean a missing"
    ),
    "null characters": Case(
        "a.csv", lines([(t + "\0a", k + "\0") for t, k in PAIRS]), [(t + "\0a", k) for t, k in PAIRS]
    ),
    "a huge field": Case("a.csv", lines([("x" * 300_000, "joy"), *PAIRS]), [("x" * 300_000, "joy"), *PAIRS]),
    "UTF-16, big end first": Case("a.csv", ("\ufeff" + lines()).encode("utf-16-be")),
    "Excel's Unicode text": Case(
        "a.txt", lines(cut="\t", head="text\tlabel\r\n", end="\r\n").encode("utf-16"), note="read as a table"
    ),
    "Latin-1": Case(
        "a.csv",
        lines([(t + "é\x80", k) for t, k in PAIRS]).encode("latin-1"),
        [(t + "é\x80", k) for t, k in PAIRS],
        {"encoding": "latin-1"},
    ),
    "a tuple": Case("a.csv", table(("text", "label"), lambda _, text, label: (text, f"('{label}',)"))),
    "a set": Case("a.csv", table(("text", "label"), lambda _, text, label: (text, f"{{'{label}'}}"))),
    "escaped keys": Case(
        "a.jsonl", objects(lambda _, t, k: {"label": k, "text": t}).replace('"label"', '"l\\u0061bel"')
    ),
    "a key twice": Case(
        "a.jsonl", objects(lambda _, t, k: {"text": t, "label": k}).replace('{"text"', '{"label": "no", "text"')
    ),
    "a label in a label": Case(
        "a.jsonl", objects(lambda _, t, k: {"m": {"label": "x", "text": "y"}, "text": t, "label": k})
    ),
    "numbers JSON lacks": Case(
        "a.jsonl", objects(lambda at, t, k: {"n": [float("nan"), float("inf"), 1][at % 3], "text": t, "label": k})
    ),
    "half a surrogate": Case("a.jsonl", objects(lambda _, t, k: {"n": "\ud83d", "text": t, "label": k})),
    "a path of three": Case(
        "a.jsonl",
        objects(lambda _, t, k: {"d": {"t": t, "x": {"l": k}}, "l": 1}),
        config={"text": "d.t", "label": "d.x.l"},
    ),
    "indented, CR LF": Case(
        "a.json", json.dumps([{"text": t, "label": k} for t, k in PAIRS], indent=2).replace("\n", "\r\n")
    ),
    "indicators": Case(
        "a.csv",
        table(("text", "label", *LABELS), lambda _, t, k: (t, k, *(int(k == name) for name in LABELS))),
        note="each mark one label: 'joy', 'anger', 'sadness'",
    ),
    "indicators, true": Case(
        "a.jsonl",
        objects(lambda _, t, k: {"text": t, "label": k, **{f"is_{name}": k == name for name in LABELS}}),
        note="each mark one label",
    ),
    "a coarse label": Case(
        "a.csv",
        table(("text", "label", "coarse_label"), lambda _, t, k: (t, k, "+" if k == "joy" else "-")),
        note="'coarse_label' mirrors 'label'",
    ),
    "what follows": Case(
        "a.csv",
        table(("text", "label", "pile"), lambda _, t, k: (t, k, "A" if k == "joy" else "B")),
        note="Column 'pile' follows from 'label': corrections do not",
    ),
    "fastText, words alike": Case(
        "a.txt",
        "".join(f"__label__{k} {t} x__label__y\n" for t, k in PAIRS),
        [(t + " x__label__y", k) for t, k in PAIRS],
    ),
    "two gzip members": Case(
        "a.csv.gz", gzip.compress(lines(PAIRS[:6]).encode()) + gzip.compress(lines(PAIRS[6:], head="").encode())
    ),
    "Excel, an unnamed column": Case(
        "a.xlsx", sheet(("text", "label"), *((t, k, "note" if at == 4 else None) for at, (t, k) in enumerate(PAIRS)))
    ),
    "Excel, empty columns": Case(
        "a.xlsx", sheet((None, "text", None, "label"), *((None, t, None, k) for t, k in PAIRS))
    ),
    "Excel, an error": Case(
        "a.xlsx", sheet(("text", "label"), *PAIRS, ("so", "#N/A")), [*PAIRS, ("so", "#N/A")], note="may mean a missing"
    ),
}


def contents(path: Path) -> dict[str, bytes] | bytes:
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def pairs_of(data: LabeledTexts) -> Pairs:
    return [(text, data.label_names[code]) for text, code in zip(data.texts, data.labels, strict=True)]


@pytest.mark.parametrize("name", CASES)
def test_rows_and_bytes(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    path, out, patched = tmp_path / case.name, tmp_path / f"out-{case.name}", tmp_path / f"patched-{case.name}"
    path.write_bytes(case.data if isinstance(case.data, bytes) else case.data.encode())
    config = ReadConfig(**case.config)
    data = read(path, config)
    assert pairs_of(data) == case.pairs
    assert any(case.note in note for note in ("", *data.notes)), data.notes
    write_export(corrected(data), out)
    assert contents(out) == contents(path)
    row = len(data) - 2
    new = next(label for label in data.label_names if label != case.pairs[row][1])
    corrections = relabelled(data, {row: new})
    write_export(corrections, out, force=True)
    assert contents(out) != contents(path)
    again = read(out, config)
    assert pairs_of(again) == [(text, new if at == row else label) for at, (text, label) in enumerate(case.pairs)]
    if "raw" in data.table.column_names:
        rows = [each.table["raw"].to_pylist() for each in (data, again)]
        assert [at for at, pair in enumerate(zip(*rows, strict=True)) if pair[0] != pair[1]] == [row]
    write_export(apply([make_patch(corrections)], data).corrections, patched)
    assert contents(patched) == contents(out)


def test_indicators_follow_the_label(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(str(CASES["indicators"].data))
    write_export(relabelled(read(path), {0: "anger"}), tmp_path / "out.csv")
    before, after = (file.read_text().splitlines() for file in (path, tmp_path / "out.csv"))
    assert (before[1], after[1]) == (f"{TEXTS[0]},joy,1,0,0", f"{TEXTS[0]},anger,0,1,0")
    assert after[2:] == before[2:]
