"""Guidelines: how they are read, which version is in force, and that merged logs agree about it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from auditor.errors import DecisionError, SourceError
from auditor.review.guidelines import (
    MAX_EXAMPLES,
    MAX_LINE,
    Guidelines,
    Section,
    pairs_with_line,
    read_guidelines,
    sections,
    tidied,
    version_of,
)
from auditor.review.log.event import Event
from auditor.review.log.jsonl import export_log, import_log
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import MAX_GUIDELINES
from tests.review.events import RUN, later

NAMES = ("joy", "love", "Anger", "and / or")
TEXT = """
Judge what the writer feels.

## joy
The writer is **happy**.
More about it.
- i feel good
1. so glad

### `love`:
* for somebody

## Love and joy
Love is for somebody.

# ANGER
## unknown
- nobody's example
"""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DecisionLog]:
    log = DecisionLog(tmp_path / "decisions.db", RUN)
    yield log
    log.close()


def guideline(text: str, seconds: float = 0, event_id: str = "g") -> Event:
    about = {"event_id": event_id, "run_id": RUN, "kind": "guideline", "reviewer": "ann", "source": "queue"}
    return Event.model_validate({**about, "at": later(seconds), "guidelines": text})


def test_a_section_has_a_line_and_examples() -> None:
    assert sections(TEXT, NAMES) == {
        "joy": Section("The writer is **happy**.", ("i feel good", "so glad")),
        "love": Section("", ("for somebody",)),
        "Anger": Section("", ()),
    }


def test_a_heading_may_be_the_new_name_of_a_class():
    text = "## happy\nGlad.\n## joy or sadness\nLook at the end.\n## Happy / sadness"
    renamed = {"happy": "joy", "sadness": "love"}  # a label keeps its own heading
    assert sections(text, [*NAMES, "sadness"], renamed) == {"joy": Section("Glad.", ())}
    assert pairs_with_line(text, [*NAMES, "sadness"], renamed) == {frozenset({"joy", "sadness"})}
    assert sections(text, NAMES) == {}
    assert sections("## joy\nHappy.", ["Joy", "love"], {"joy": "love"}) == {"Joy": Section("Happy.", ())}


@pytest.mark.parametrize(
    ("heading", "pair"),
    [
        ("## joy / love", ("joy", "love")),
        ("# **Love** vs. joy", ("joy", "love")),
        ("## anger or joy", ("joy", "Anger")),
        ("## joy / and / or", ("joy", "and / or")),
        ("## and / or / joy", ("joy", "and / or")),
    ],
)
def test_a_heading_may_name_a_pair(heading: str, pair: tuple[str, str]) -> None:
    assert pairs_with_line(f"{heading}\nThe difference.", NAMES) == {frozenset(pair)}


@pytest.mark.parametrize("heading", ["## joy", "joy / love", "## joy / joy", "## joy / grief", "## /", "## and / or"])
def test_other_headings_name_none(heading: str) -> None:
    assert pairs_with_line(heading, NAMES) == set()


def test_what_a_button_shows_is_bounded() -> None:
    huge = f"## joy\n{'x' * 40_000}\n" + "- a\n" * 100 + f"- {'y' * 5_000}"
    found = sections(huge, NAMES)["joy"]
    assert (len(found.line), len(found.examples)) == (MAX_LINE, MAX_EXAMPLES)


@pytest.mark.parametrize(
    "data", [b"", b" \n\n", b"a\0b", b"\xff\xfe", b"x" * (MAX_GUIDELINES + 1), "ü".encode() * 10**6]
)
def test_files_that_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "guide.md"
    path.write_bytes(data)
    with pytest.raises(SourceError) as refused:
        read_guidelines(path)
    assert str(path) in refused.value.what
    assert refused.value.todo


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.md"):
        with pytest.raises(SourceError, match="cannot be read"):
            read_guidelines(path)


def test_the_same_words_are_the_same_version(tmp_path: Path) -> None:
    path = tmp_path / "guide.md"
    path.write_bytes(b"\xef\xbb\xbf\r\n## joy  \r\nhappy\r\n\r\n")
    assert read_guidelines(path) == tidied("## joy\nhappy") == "## joy\nhappy"
    assert version_of("## joy\nhappy") == version_of(read_guidelines(path)) != version_of("## joy\nglad")


def test_a_file_gives_way_to_what_was_written_on_the_page_since(log: DecisionLog) -> None:
    found = Guidelines(log)
    assert (found.text, found.version, found.latest) == ("", None, None)
    assert found.adopt("old", "1")
    found.write("new", "ann", "2", version_of("old"))
    assert not found.adopt("old", "3")  # the server was started again with the same file
    assert found.text == "new"
    assert found.adopt("newer", "4")  # with another one
    other = Guidelines(log)
    other.catch_up()
    assert (other.text, other.had(["0" * 12, version_of("old")])) == ("newer", version_of("old"))
    assert [event.reviewer for _, event in log.of_kind("guideline")] == ["file", "ann", "file"]


def test_two_people_do_not_overwrite_each_other(log: DecisionLog) -> None:
    found, other = Guidelines(log), Guidelines(log)
    found.write("ann's", "ann", "1", None)
    with pytest.raises(DecisionError, match="ann has changed the guidelines meanwhile"):
        other.write("bob's", "bob", "2", None)
    other.write("ann's", "bob", "3", None)  # the same text is no change
    other.write("", "bob", "4", version_of("ann's"))
    assert other.version is None
    assert len(log.of_kind("guideline")) == 2
    with pytest.raises(DecisionError, match="at most 50,000"):
        other.write("x" * (MAX_GUIDELINES + 1), "bob", "5", None)


def test_logs_agree_in_whatever_order_they_are_merged(tmp_path: Path) -> None:
    files = []
    for at, text in enumerate(["first", "<script>alert(1)</script>", "=1+1", "first"]):
        path = tmp_path / f"{at}.jsonl"
        log = DecisionLog(tmp_path / f"{at}.db", RUN)
        log.append([guideline(text, seconds=at % 3, event_id=f"g{at}")], stamp=False)
        export_log(log, path)
        log.close()
        files.append(path)
    found = set()
    for number, order in enumerate(list(permutations(files))[::5]):
        log = DecisionLog(tmp_path / f"merged-{number}.db", RUN)
        for path in order:
            import_log(log, path)
        guidelines = Guidelines(log)
        guidelines.catch_up()
        found.add(guidelines.text)
        assert log.undo("ann", "u") is None  # guidelines are no action of their writer's
        log.close()
    assert found == {"=1+1"}
