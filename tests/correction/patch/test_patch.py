"""The patch as a file: what stands in it, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditor.correction.decide.policy import Policy
from auditor.correction.patch.patch import Change, make_patch, read_patch, read_reading, text_hash, write_patch
from auditor.errors import ExportError, PatchError, StorageError
from auditor.review.log.event import item_hash
from tests.correction.patching import dataset, judged
from tests.disk import files_up_to

ROWS = [("train", "ah", "joy"), ("train", "oh", "sad"), ("train", "ah", "joy"), ("test", "ah", "sad")]


@pytest.fixture
def changes() -> tuple[Change, ...]:
    return make_patch(judged(dataset(ROWS), {0: "sad", 1: None}))


def line(**changes: Any) -> dict[str, Any]:
    made = make_patch(judged(dataset(ROWS), {0: "sad"}))[0].model_dump(mode="json")
    return {**made, **changes}


def test_a_line_says_which_row_changes_how_and_who_says_so(tmp_path: Path, changes: tuple[Change, ...]) -> None:
    path = write_patch(changes, tmp_path / "patch.jsonl")
    first, second = map(json.loads, path.read_text("utf-8").splitlines())
    assert first.pop("decided_at").endswith("Z")
    assert first == {
        "id": "train-0",
        "split": "train",
        "hash": item_hash("ah", "joy"),
        "text_hash": text_hash("ah"),
        "old": "joy",
        "new": "sad",
        "verdict": "relabel",
        "reviewers": ["ann"],
        "new_class": False,
        "copies": {"joy": 2},
        "copies_elsewhere": {"sad": 1},
    }
    assert (second["id"], second["old"], second["new"], second["verdict"]) == ("train-1", "sad", None, "exclude")
    assert read_patch(path) == changes


def test_only_changes_are_in_it() -> None:
    texts = dataset(ROWS)
    assert make_patch(judged(texts, {})) == ()
    assert [change.id for change in make_patch(judged(texts, {3: "joy", 0: None}))] == ["train-0", "test-0"]


def test_the_policy_decides_what_is_a_change() -> None:
    texts = dataset(ROWS)
    assert [one.new for one in make_patch(judged(texts, {0: "love"}))] == [None]
    (added,) = make_patch(judged(texts, {0: "love"}, policy=Policy(add_classes=True)))
    assert (added.new, added.new_class, added.verdict) == ("love", True, "none_fits")
    chosen = make_patch(judged(texts, {0: "sad", 1: None}, policy=Policy(verdicts=("exclude",))))
    assert [one.id for one in chosen] == ["train-1"]
    dropped = make_patch(judged(texts, {0: "sad"}, policy=Policy(unreviewed="drop")))
    assert [(one.new, one.verdict, one.reviewers) for one in dropped[1:]] == [(None, None, ())] * 3


def test_nothing_is_replaced_unless_asked(tmp_path: Path, changes: tuple[Change, ...]) -> None:
    path = tmp_path / "patch.jsonl"
    write_patch(changes[:1], path)
    with pytest.raises(ExportError, match="already exists"):
        write_patch(changes, path)
    assert read_patch(path) == changes[:1]
    write_patch(changes, path, force=True)
    assert read_patch(path) == changes
    with files_up_to(100), pytest.raises(StorageError, match="cannot be written"):
        write_patch(changes[:1], path, force=True)
    assert read_patch(path) == changes
    assert os.listdir(tmp_path) == ["patch.jsonl"]


def test_no_dataset_is_written_over(tmp_path: Path, changes: tuple[Change, ...]) -> None:
    path = tmp_path / "tweets.jsonl"
    path.write_text('{"text": "ah", "label": "joy"}\n')
    with pytest.raises(ExportError, match="is not a patch"):
        write_patch(changes, path, force=True)
    assert path.read_text() == '{"text": "ah", "label": "joy"}\n'


def test_one_array_of_json_is_a_patch_as_well(tmp_path: Path, changes: tuple[Change, ...]) -> None:
    path = write_patch(changes, tmp_path / "patch.json")
    assert [about["id"] for about in json.loads(path.read_text())] == [change.id for change in changes]
    assert read_patch(path) == changes
    path.write_text(json.dumps(json.loads(path.read_text())))  # written again by another program
    assert read_patch(path) == changes
    path.write_text(json.dumps([line(), line(new=3)]))
    with pytest.raises(PatchError, match="item 2: new: expected text"):
        read_patch(path)
    assert read_patch(write_patch((), tmp_path / "none.json")) == ()


@pytest.mark.parametrize("name", ["patch.csv", "patch.parquet", "patch.xyz", "patch.jsonl.gz", "patch.txt"])
def test_a_patch_of_an_unknown_ending_is_refused(tmp_path: Path, changes: tuple[Change, ...], name: str) -> None:
    with pytest.raises(ExportError, match="unknown extension"):
        write_patch(changes, tmp_path / name)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["patch.jsonl", "patch.json"])
def test_a_header_says_how_the_dataset_was_read(tmp_path: Path, changes: tuple[Change, ...], name: str) -> None:
    reading = {"annotator": "rätér", "votes": ["a", "b,c"], "drop_invalid": True}
    path = write_patch(changes, tmp_path / name, reading=reading)
    assert read_patch(path) == changes
    said = read_reading(path)
    assert said.model_dump(exclude_unset=True) == {**reading, "votes": ("a", "b,c")}
    plain = write_patch(changes, tmp_path / f"plain-{name}", reading={})
    assert plain.read_bytes() == write_patch(changes, tmp_path / f"none-{name}").read_bytes()
    assert read_reading(plain).model_fields_set == set()
    write_patch(changes, path, force=True)
    assert path.read_bytes() == plain.read_bytes(), "a patch with a header is a patch"
    assert read_reading(write_patch((), tmp_path / f"empty-{name}")).model_fields_set == set()


@pytest.mark.parametrize("wrong", [3, [], "x", {"anotator": "a"}, {"text": 3}, {"encoding": None}, {"votes": [1]}])
def test_headers_that_are_none_are_refused(tmp_path: Path, changes: tuple[Change, ...], wrong: Any) -> None:
    path = write_patch(changes, tmp_path / "patch.jsonl")
    path.write_text(json.dumps({"reading": wrong}) + "\n" + path.read_text())
    assert read_patch(path) == changes
    with pytest.raises(PatchError, match=r"patch\.jsonl, line 1: ") as caught:
        read_reading(path)
    assert "\n" not in caught.value.what + caught.value.todo


def test_a_header_stands_first_or_is_no_change(tmp_path: Path, changes: tuple[Change, ...]) -> None:
    path = write_patch(changes, tmp_path / "patch.jsonl")
    path.write_text(path.read_text() + '{"reading": {}}\n')
    with pytest.raises(PatchError, match="line 3"):
        read_patch(path)


def test_windows_may_have_saved_it(tmp_path: Path, changes: tuple[Change, ...]) -> None:
    path = write_patch(changes, tmp_path / "patch.jsonl")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert read_patch(path) == changes


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"new": "joy"}, "the same label"),
        ({"new": None}, "relabel and new_class need a label"),
        ({"new": ""}, "new"),
        ({"new": 3}, "new"),
        ({"new": ["sad"]}, "new"),
        ({"id": ""}, "id"),
        ({"id": None}, "id"),
        ({"hash": "xyz"}, "hash"),
        ({"text_hash": "0" * 31}, "text_hash"),
        ({"verdict": "keep"}, "keep has no new label"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": "unsure"}, "unsure has no new label"),
        ({"verdict": None}, "expected all of verdict, reviewers and decided_at, or none"),
        ({"reviewers": []}, "expected all of verdict, reviewers and decided_at, or none"),
        ({"reviewers": ["a\nb"]}, "reviewers"),
        ({"reviewers": "ann"}, "reviewers"),
        ({"decided_at": "2026-01-01T00:00:00"}, "decided_at"),
        ({"decided_at": 5}, "decided_at"),
        ({"new_class": "yes"}, "new_class"),
        ({"copies": {}}, "copies must count the row itself"),
        ({"copies": {"joy": 0}}, "copies"),
        ({"copies": {"joy": 10**30}}, "copies"),
        ({"copies_elsewhere": [1]}, "copies_elsewhere"),
        ({"more": 1}, "more"),
        ({"old": "x" * 200_000}, "old"),
    ],
)
def test_lines_that_are_no_change_are_named(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    path = tmp_path / "patch.jsonl"
    path.write_text(json.dumps(line(id="other")) + "\n" + json.dumps(line(**wrong)) + "\n")
    with pytest.raises(PatchError) as refused:
        read_patch(path)
    assert "line 2" in refused.value.what
    assert said in refused.value.what
    assert len(refused.value.what) < 500


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"null",
        b"\x00" * 50,
        b"\xff\xfe{}",
        b'{"id": "\xff"}',
        b'{"id": "\\ud800"}',
        b"[" * 100_000,
        b"\x1f\x8b\x08\x00",
        b"x" * 5_000_000,
        b"text,label\nah,joy\n",
    ],
)
def test_files_that_are_no_patch_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "patch.jsonl"
    path.write_bytes(data)
    with pytest.raises(PatchError, match=r"line 1|the array"):
        read_patch(path)


def test_a_row_is_changed_once(tmp_path: Path) -> None:
    path = tmp_path / "patch.jsonl"
    path.write_text("\n".join(json.dumps(line(new=new)) for new in ("sad", "anger")))
    with pytest.raises(PatchError, match="line 2: row 'train-0' is already in line 1"):
        read_patch(path)


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(PatchError, match="cannot be read"):
            read_patch(path)
    (tmp_path / "empty.jsonl").touch()
    assert read_patch(tmp_path / "empty.jsonl") == ()
