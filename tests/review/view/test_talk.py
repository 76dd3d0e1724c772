"""Talk: whom a note asks, when a question is answered, and which notes a search finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.guidelines import version_of
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.review.view.talk import asks
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide
from tests.review.runs import empty_log, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("run") / "diary", rows=60, models=("lexical",))


@pytest.fixture
def log(run: Run, tmp_path: Path) -> Iterator[DecisionLog]:
    yield from empty_log(run, tmp_path)


@pytest.fixture
def verdicts(run: Run, log: DecisionLog) -> Verdicts:
    return Verdicts(Items.of(run), log)


def asked(verdicts: Verdicts, me: str | None = "bob") -> list[int]:
    return [note.row for note in verdicts.asked(me)]


def found(verdicts: Verdicts, me: str = "bob", **fields: object) -> list[int]:
    return Selection(verdicts.items, verdicts).rows(Filter(**fields), "given", me).tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("note", "name", "is_asked"),
    [
        ("@bob", "bob", True),
        ("is it joy, @Bob?", "bob", True),
        ("(@bob), @ann.", "ann", True),
        ("@bobby", "bob", False),
        ("@bob-lee", "bob", False),
        ("@bob-lee", "bob-lee", True),
        ("@bob.lee", "bob", False),
        ("@bob.", "bob", True),
        ("write to x@bob.org", "bob", False),
        ("@@bob", "bob", False),
        ("@Ann Smith", "ann smith", True),
        ("@a.c", "abc", False),
        ("bob", "bob", False),
        ("@Ünal", "ünal", True),
        ("@(x", "(x", True),
    ],
)
def test_whom_a_note_asks(note: str, name: str, is_asked: bool) -> None:
    assert asks(note, name) is is_asked


def test_a_question_is_answered_when_the_colleague_judges_the_row(verdicts: Verdicts) -> None:
    decide(verdicts, 5, "bob")
    decide(verdicts, 5, "ann", "unsure", note="joy or love? @bob")
    decide(verdicts, 7, "ann", note="@bob @ann")
    assert asked(verdicts) == [5, 7]
    assert asked(verdicts, "ann") == asked(verdicts, "eve") == asked(verdicts, None) == []
    decide(verdicts, 5, "eve")
    decide(verdicts, 7, "bob", source="bulk", batch_id="b")  # not a look at this row
    assert asked(verdicts) == found(verdicts, asked="me") == [5, 7]
    decision = decide(verdicts, 5, "bob")
    assert asked(verdicts) == [7]
    assert verdicts.log.undo("bob", "undo", decision)
    verdicts.catch_up()
    assert asked(verdicts) == [5, 7]
    decide(verdicts, 7, "ann", note="never mind")  # the question no longer stands
    assert asked(verdicts) == [5]


def test_anyone_answers_a_question_to_all(verdicts: Verdicts) -> None:
    decide(verdicts, 3, "ann", note="@anyone, please")
    assert (asked(verdicts), asked(verdicts, "eve"), asked(verdicts, "ann")) == ([3], [3], [])
    decide(verdicts, 3, "eve")
    assert (asked(verdicts), asked(verdicts, "eve")) == ([], [])


def test_notes_are_found_by_text_and_author(verdicts: Verdicts) -> None:
    decide(verdicts, 1, "ann", note="STRASSE (really)")
    decide(verdicts, 2, "bob", note="straße")
    decide(verdicts, 3, "bob")
    assert found(verdicts, note="strasse") == [1, 2]
    assert found(verdicts, note_by=["bob"]) == [2]
    assert found(verdicts, note="(", note_by=["ann", "nobody"]) == [1]
    assert found(verdicts, note=".*") == []
    facets = Selection(verdicts.items, verdicts).facets(Filter(note="strasse"), "bob")["facets"]
    assert facets["note_by"] == [{"value": "ann", "count": 1}, {"value": "bob", "count": 1}]
    decide(verdicts, 2, "bob", "exclude")
    assert found(verdicts, note="strasse") == [1]


def test_decisions_are_found_by_the_version_of_their_guidelines(verdicts: Verdicts) -> None:
    guidelines = verdicts.guidelines
    decide(verdicts, 1, "ann")
    assert found(verdicts, guideline=["current"]) == [1]
    guidelines.adopt("old", "1")
    decide(verdicts, 2, "ann", guideline=version_of("old"))
    guidelines.write("new", "ann", "2", version_of("old"))
    decide(verdicts, 3, "bob", guideline=version_of("new"))
    decide(verdicts, 2, "bob", guideline=version_of("new"))
    assert found(verdicts, guideline=["older"]) == [1, 2]
    assert found(verdicts, guideline=["current"]) == [2, 3]
    assert found(verdicts, guideline=[version_of("old")]) == [2]
    assert found(verdicts, guideline=["older"], reviewer=["bob"]) == []
    facets = Selection(verdicts.items, verdicts).facets(Filter(), "bob")["facets"]
    assert facets["guideline"] == [{"value": "current", "count": 2}, {"value": "older", "count": 2}]
