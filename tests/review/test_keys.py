"""Keys: what a file may change, and what it is told when it may not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.review.keys import DEFAULT_KEYS, NAMED, read_keys

SCRIPT = Path(__file__).parents[2] / "ui" / "static" / "queue" / "keys.js"


def written(folder: Path, changes: Any) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps(changes), "utf-8")
    return path


def test_no_key_does_two_things_by_default() -> None:
    assert len(set(DEFAULT_KEYS.values())) == len(DEFAULT_KEYS)


def test_the_page_knows_the_same_actions_and_keys() -> None:
    script = SCRIPT.read_text("utf-8")
    block = script[script.index("const ACTIONS = {") : script.index("\n};", script.index("const ACTIONS = {"))]
    found = dict(re.findall(r'^  (\w+): \["(.)",', block, flags=re.MULTILINE))
    assert "1234567890" in block  # the labels' keys
    assert found == {
        action: " " if key == "space" else key
        for action, key in DEFAULT_KEYS.items()
        if not re.fullmatch(r"label\d+", action)
    }


def test_changes_are_put_over_the_default(tmp_path: Path) -> None:
    assert read_keys(written(tmp_path, {})) == DEFAULT_KEYS
    changed = read_keys(written(tmp_path, {"keep": "G", "skip": "ArrowRight", "label1": "é"}))
    assert changed == {**DEFAULT_KEYS, "keep": "g", "skip": "ArrowRight", "label1": "é"}


def test_two_actions_may_swap_their_keys(tmp_path: Path) -> None:
    changed = read_keys(written(tmp_path, {"keep": "s", "suggest": "k"}))
    assert (changed["keep"], changed["suggest"]) == ("s", "k")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kepe": "g"}, "unknown action 'kepe'"),
        ({"keep": "s"}, "the key 's' to both"),
        ({"keep": "S"}, "the key 's' to both"),
        ({"keep": "g", "undo": "g"}, "the key 'g' to both"),
        ({"keep": "Enter"}, "'Enter'"),
        ({"keep": "Escape"}, "'Escape'"),
        ({"keep": "Tab"}, "'Tab'"),
        ({"keep": ""}, "''"),
        ({"keep": " "}, "' '"),
        ({"keep": "\n"}, "one character"),
        ({"keep": "kk"}, "'kk'"),
        ({"keep": 3}, "is not an object of actions and keys"),
        ([], "is not an object of actions and keys"),
        ("keep", "is not an object of actions and keys"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_do(tmp_path: Path, changes: Any, expected: str) -> None:
    with pytest.raises(SourceError) as refused:
        read_keys(written(tmp_path, changes))
    assert expected in refused.value.what
    assert "keys.json" in refused.value.what
    assert refused.value.todo


def test_an_action_that_is_named_twice_is_told(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"keep": "g", "keep": "h"}', "utf-8")
    with pytest.raises(SourceError, match="names the action 'keep' twice"):
        read_keys(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b" " * 200_000])
def test_what_is_no_json_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="is not JSON"):
        read_keys(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(SourceError, match="cannot be read"):
            read_keys(path)


@given(
    st.dictionaries(st.sampled_from(sorted(DEFAULT_KEYS)), st.one_of(st.characters(), st.sampled_from(sorted(NAMED))))
)
def test_what_is_taken_leaves_each_key_one_action(tmp_path_factory: pytest.TempPathFactory, changes: Any) -> None:
    path = written(tmp_path_factory.mktemp("keys"), changes)
    try:
        keys = read_keys(path)
    except SourceError:
        return
    assert set(keys) == set(DEFAULT_KEYS)
    assert len(set(keys.values())) == len(keys)
