"""Class names that look odd: taken as one, or named in a note."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.labels.odd_labels import alike, find_missing, odd_notes, spelling_notes
from auditor.errors import InputError, RowError

# what looks the same
ALIKE = {
    "composed and not": ("caf\u00e9", "cafe\u0301"),
    "compatible": ("\uff4a\uff4f\uff59", "joy"),
    "ligature": ("\ufb01ne", "fine"),
    "zero width": ("jo\u200by", "joy"),
    "byte order mark": ("\ufeffjoy", "joy"),
    "soft hyphen": ("jo\u00ady", "joy"),
    "direction": ("joy\u200e", "\u2067joy\u2069"),
    "control": ("joy\x00", "joy"),
    "joiner": ("joy\u200d", "joy"),
    "variation": ("\u2764\ufe0f", "\u2764"),
    "blanks": ("very  good", "very good"),
    "no-break space": ("very\u00a0good", "very good"),
    "thin space": ("very\u2009good", "very good"),
    "line break": ("very\r\ngood", "very good"),
    "surrounding": (" joy\t", "joy"),
}
OTHERS = {
    "case": ("Joy", "joy"),
    "hyphen": ("non-fiction", "non fiction"),
    "family": ("\U0001f468\u200d\U0001f469", "\U0001f468\U0001f469"),
    "flags": ("\U0001f3f4\U000e0067\U000e007f", "\U0001f3f4\U000e0065\U000e007f"),
    "accent": ("caf\u00e9", "cafe"),
    "Cyrillic": ("\u0458\u043e\u0443", "joy"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_labels_that_look_the_same(case: str) -> None:
    one, other = ALIKE[case]
    assert alike(one) == alike(other)


@pytest.mark.parametrize("case", OTHERS)
def test_labels_that_do_not(case: str) -> None:
    one, other = OTHERS[case]
    assert alike(one) != alike(other)


@given(st.text())
def test_alike_once_is_enough(label: str) -> None:
    assert alike(alike(label)) == alike(label)


def test_one_class_and_its_spellings_stay(tmp_path: Path) -> None:
    rows = ["caf\u00e9", "cafe\u0301", "caf\u00e9", "anger", "an\u200bger", "anger"]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{at},{label}\n" for at, label in enumerate(rows)))
    data = read(tmp_path / "a.csv")
    assert data.label_names == data.label_values == ("anger", "caf\u00e9")
    assert data.labels.tolist() == [1, 1, 1, 0, 0, 0]
    assert data.table["original:label"].to_pylist() == rows
    assert data.notes[1:] == (
        "Read as one class, 'anger': 'anger', 'an\\u200bger'.",
        "Read as one class, 'caf\u00e9': 'caf\\xe9', 'cafe\\u0301'.",
    )


def test_a_label_of_invisible_characters_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\na,x\nb,y\nc,\u200b\n")
    with pytest.raises(RowError, match="1 with missing label"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (["Joy", "joy"], "differ only in case are separate classes: 'Joy', 'joy'."),
        (["non-fiction", "non fiction"], "differ only in blanks, hyphens or look-alike letters are separate classes"),
        (["non_fiction", "Nonfiction"], "'non_fiction', 'Nonfiction'"),
        (["don't know", "don\u2019t know"], "'don\u2019t know'"),
        (["joy", "j\u043ey"], "'joy', 'j\\u043ey'"),
        (["A", "A-"], None),
        (["1-2", "12"], None),
        (["-1", "1"], None),
        (["c", "c++"], None),
        (["joy", "sad"], None),
    ],
)
def test_labels_that_differ_in_little(names: list[str], note: str | None) -> None:
    notes = spelling_notes(names, [[name] for name in names])
    assert len(notes) == (note is not None)
    assert note is None or note in notes[0]


WORDS = ["nan", "N/A", "#N/A", "NA", "None", "null", "?", "-", "<NA>", "unknown", "-1", "n/a ", "(none)", "No Label"]


@pytest.mark.parametrize("word", WORDS)
def test_words_for_no_label(word: str) -> None:
    (note,) = odd_notes(["joy", "sad", word], [20, 10, 3])
    assert note.startswith(f"3 rows with a label that may mean a missing one: {word!r} (3).")
    assert "--missing-labels" in note
    assert odd_notes(["joy", "sad", word], [20, 10, 0]) == ()


@pytest.mark.parametrize(
    ("names", "odd"),
    [
        (["-1", "0", "1", "2"], "-1"),
        (["-1", "1", "2", "3", "4", "5"], "-1"),
        (["-100", "0", "1", "2"], "-100"),
        (["0", "1", "2", "99"], "99"),
        (["-1", "1"], None),
        (["-2", "-1", "0", "1", "2"], None),
        ([str(number) for number in range(100)], None),
        (["-1", "10", "20", "30"], None),
        (["negation", "nano", "other", "neutral"], None),
    ],
)
def test_numbers_for_no_label(names: list[str], odd: str | None) -> None:
    notes = odd_notes(names, [5] * len(names))
    assert [note.split(": ")[1].split(". ")[0] for note in notes] == ([f"{odd!r} (5)"] if odd else [])


@pytest.mark.parametrize("mark", ["#", "|", ",", ";", "/", " & ", "+", ", ", " and ", "-", "_", " ", "\t", " / "])
def test_several_labels_in_one(mark: str) -> None:
    several = f"joy{mark}sad"
    (note,) = odd_notes(["joy", "sad", "anger", several], [9, 9, 9, 4])
    assert note.startswith("4 rows with what looks like several labels in one: ")
    assert "--missing-labels" in note


@pytest.mark.parametrize(
    ("names", "several"),
    [
        (["0", "1", "2", "0,2"], ["0,2"]),
        (["joy", "sad", "fear", "joy#sad#fear", "joy#fear", "sad#love"], ["joy#sad#fear", "joy#fear", "sad#love"]),
        (["a", "b", "c", "a,b;c"], ["a,b;c"]),
        (["science/tech", "sports", "world"], []),
        (["sci/fi", "sci", "world"], []),
        (["N/A", "joy", "A"], []),
        (["C++", "C", "C#"], []),
        (["very good", "good", "bad"], []),
        (["joy", "sad", "#joy"], []),
    ],
)
def test_which_labels_are_several(names: list[str], several: list[str]) -> None:
    notes = [note for note in odd_notes(names, [3] * len(names)) if "several" in note]
    assert bool(notes) == bool(several)
    assert not notes or notes[0].startswith(f"{3 * len(several)} rows")
    assert not notes or all(repr(name) in notes[0] for name in several)


def test_many_are_not_listed_whole() -> None:
    names = [*"abcdefgh", *(f"{one},{other}" for one in "abcd" for other in "efgh")]
    (note,) = odd_notes(names, [2] * len(names))
    assert "(16 in all)" in note
    assert "name them with --missing-labels (* matches any characters)" in note


def test_the_option_that_a_note_gives_can_be_given() -> None:
    (note,) = odd_notes(["a", "b", "a,b", 'a;"b"', "a"], [1, 1, 1, 0, 1])
    assert "--missing-labels '\"a,b\"' --drop-invalid" in note
    assert ReadConfig.model_validate({"missing_labels": '"a,b"'}).missing_labels == ("a,b",)


@pytest.mark.parametrize(
    ("named", "missing"),
    [
        ("nan", {"nan"}),
        ("nan, N/A ,?", {"nan", " N/A", "?"}),
        ("Nan", set()),
        ("joy*", {"joy#sad"}),
        ("*#*", {"joy#sad"}),
        ("*", set()),
        ("f***", {"f***"}),
        ("?", {"?"}),
        ('"a,b"', {"a,b"}),
        ("", set()),
    ],
)
def test_missing_labels(named: str, missing: set[str]) -> None:
    counts = {"nan": 2, " N/A": 1, "?": 1, "sad": 9, "joy#sad": 4, "f***": 1, "fine": 3, "a,b": 1}
    found, notes = find_missing(counts, ReadConfig.model_validate({"missing_labels": named}).missing_labels)
    assert found == missing
    assert bool(notes) == bool(named)


def test_missing_labels_of_a_source(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\na,0\nb,1\nc, nan\nd,1.0\ne,nan\nf,1\n")
    config = ReadConfig(missing_labels=("nan", "N/A"))
    with pytest.raises(
        RowError, match=r"2 with missing label.*2 rows treated as unlabelled because of missing_labels=: 'nan' \(2\)\."
    ):
        read(tmp_path / "a.csv", config)
    data = read(tmp_path / "a.csv", config.model_copy(update={"drop_invalid": True}))
    assert (data.label_names, data.rejected["original:label"].to_pylist()) == (("0", "1"), [" nan", "nan"])
    assert data.origin.options["missing_labels"] == ["nan", "N/A"]
    assert "--missing-labels names 'N/A', which is not a label." in data.notes


def test_missing_labels_that_cannot_be_read() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        ReadConfig.model_validate({"missing_labels": "a\rb"})
