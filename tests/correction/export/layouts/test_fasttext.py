"""fastText's lines with changed labels, and lines of other sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.correction.export.export import write_export
from auditor.correction.export.formats import style_of, write_parts
from auditor.correction.export.tables import corrected_tables
from auditor.data import read
from auditor.errors import ExportError
from tests.correction.deciding import CONFIG, corrected, relabelled, vote

FRONT = "\n__label__joy  so glad \r\n__label__sad\tso __sad__\n\nwhat\n __label__joy well"
END = "so glad __label__joy\n\tso sad  __label__sad \r\nwell\t__label__joy\n"


@pytest.mark.parametrize(
    ("text", "old", "new"), [(FRONT, "__label__sad\t", "__label__joy\t"), (END, "sad \r", "joy \r")]
)
def test_only_the_label_changes(tmp_path: Path, text: str, old: str, new: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode())
    source = read(tmp_path / "a.txt", CONFIG)
    write_export(corrected(source), tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_bytes() == text.encode()
    write_export(relabelled(source, {1: "joy", 2: "sad"}), tmp_path / "c.txt")
    *head, last = text.replace(old, new).rpartition("__label__joy")
    assert (tmp_path / "c.txt").read_bytes() == "".join([*head[:-1], "__label__sad", last]).encode()
    write_export(corrected(source, vote(source, 0, "exclude")), tmp_path / "d.txt")
    assert (tmp_path / "d.txt").read_bytes() == text[text.index("glad") :].partition("\n")[2].encode()


TEXT = st.text(st.sampled_from('a ;\t\0\x0b\u2028\x85é☺"_'), max_size=9)


@given(rows=st.lists(st.tuples(st.sampled_from(["joy", "Ä-1"]), TEXT)), end=st.booleans())
@settings(max_examples=20)
def test_there_and_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: bool) -> None:
    folder = tmp_path_factory.mktemp("lines")
    lines = [
        f"{text} __label__{label}" if end else f"__label__{label} {text}"
        for label, text in [("joy", "one"), ("sad", "two"), *rows]
    ]
    (folder / "a.txt").write_bytes("\n".join(lines).encode())
    source = read(folder / "a.txt", CONFIG)
    tables = corrected_tables(corrected(source))
    style = style_of("fasttext", source.origin, tables[0].about, encoding=None, raw=True)
    write_parts("fasttext", tables, folder / "b.txt", style, source.origin)
    assert (folder / "b.txt").read_bytes() == (folder / "a.txt").read_bytes()
    write_parts("fasttext", [replace(part, raw=None) for part in tables], folder / "c.txt", style, source.origin)
    again = read(folder / "c.txt", CONFIG)
    assert list(again.texts) == list(source.texts), "written anew, with labels in front"
    assert [again.label_names[code] for code in again.labels] == [source.label_names[code] for code in source.labels]


def test_lines_of_another_source(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["so glad", "", "well"], "label": ["joy", "sad", " sad"], "n": [1, 2, 3]})
    done = write_export(corrected(frame), tmp_path / "a.ft")
    assert (tmp_path / "a.ft").read_text() == "__label__joy so glad\n__label__sad \n__label__sad well\n"
    assert done.notes == ("Lines hold only a text and a label; columns left out: n.",)
    done = write_export(corrected(frame), tmp_path / "folder", format="fasttext")
    assert [path.name for path in done.files] == ["all.txt"]


@pytest.mark.parametrize(
    ("text", "label", "what"),
    [
        ("so\nglad", "joy", "a line break"),
        ("so __label__x", "joy", "a word that begins with __label__"),
        ("so glad", "great joy", "has blanks"),
    ],
)
def test_what_a_line_cannot_hold(tmp_path: Path, text: str, label: str, what: str) -> None:
    frame = pd.DataFrame({"text": ["a", text], "label": ["sad", label]})
    with pytest.raises(ExportError, match=what):
        write_export(corrected(frame), tmp_path / "a.ft")
    (tmp_path / "b.txt").write_bytes(FRONT.encode())
    with pytest.raises(ExportError, match="has blanks"):
        write_export(relabelled(tmp_path / "b.txt", {0: "great joy"}), tmp_path / "c.txt")


def test_provenance_has_no_room(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(FRONT.encode())
    with pytest.raises(ExportError, match="fastText's lines have no room"):
        write_export(corrected(tmp_path / "a.txt"), tmp_path / "b.txt", provenance=True)
