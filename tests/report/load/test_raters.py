"""The report's section on raters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditor.data.labels.votes import Votes
from auditor.report import write_report
from auditor.report.load.load import load_summary
from auditor.report.load.raters import Raters
from tests.report.made import MadeRun, make_run
from tests.report.test_write import HOSTILE_NAMES, Page, check_alone


def with_votes(raters: tuple[str, ...], careless: int = 0, shared: bool = True) -> MadeRun:
    """A made run whose raters mostly choose the given label; one of them does not."""
    run = make_run(models=["lexical", "finetuned"])
    rng = np.random.default_rng(1)
    rows, size = len(run.labels), len(run.names)
    row, rater = np.nonzero(np.ones((rows, len(raters))) if shared else np.eye(len(raters))[np.arange(rows) % 2])
    errs = rng.random(len(row)) < np.where(rater == careless, 0.6, 0.05)
    label = np.where(errs, rng.integers(0, size, len(row)), run.labels[row])
    run.votes = Votes.encoded(row, rater, raters, label)
    return run


@pytest.mark.usefixtures("undrawn")
def test_the_least_reliable_rater_comes_first(tmp_path: Path) -> None:
    directory = with_votes(("ann", "bob", "cid"), careless=1).write(tmp_path / "run")
    found = load_summary(directory).raters
    assert found is not None
    assert found.raters[0].name == "bob"
    assert (found.votes, found.rows) == (900, 300)
    assert found.alpha is not None
    assert 0.3 < found.alpha < 0.9
    page = Page(write_report(directory).read_text("utf-8"))
    assert "raters" in page.ids
    assert "900 votes of 3 raters on 300 of 300 texts." in page.words
    assert f"Krippendorff's alpha is {found.alpha:.2f} (95" in page.words
    assert "of the labels given to these texts are expected to be wrong" in page.words
    assert ("rest on an assumption" in page.words) == (found.alpha < 0.667)


@pytest.mark.usefixtures("undrawn")
def test_names_are_never_markup(tmp_path: Path) -> None:
    text = write_report(with_votes(HOSTILE_NAMES).write(tmp_path / "run")).read_text("utf-8")
    page = Page(text)
    check_alone(page)
    assert "<script>alert(1)</script>" in page.text
    assert "<script>alert(1)" not in text


@pytest.mark.usefixtures("undrawn")
def test_many_raters_are_cut(tmp_path: Path) -> None:
    page = Page(
        write_report(with_votes(tuple(f"r{n:03}" for n in range(60))).write(tmp_path / "run")).read_text("utf-8")
    )
    assert "The 50 least reliable of 60 raters" in page.words


@pytest.mark.usefixtures("undrawn")
def test_nobody_can_be_weighed(tmp_path: Path) -> None:
    directory = with_votes(("ann", "bob"), shared=False).write(tmp_path / "run")
    words = Page(write_report(directory).read_text("utf-8")).words
    assert "so raters cannot be compared" in words
    assert "Krippendorff" not in words


@pytest.mark.usefixtures("undrawn")
def test_raters_who_guess_get_no_numbers(tmp_path: Path) -> None:
    run = make_run(models=["lexical", "finetuned"])
    row, rater = (places.ravel() for places in np.mgrid[: len(run.labels), :3])
    label = np.random.default_rng(0).integers(0, len(run.names), len(row))
    run.votes = Votes.encoded(row, rater, ("ann", "bob", "cid"), label)
    directory = run.write(tmp_path / "run")
    words = Page(write_report(directory).read_text("utf-8")).words
    assert "It cannot be ruled out that the raters agree no more than by chance" in words
    assert "expected to be wrong" not in words
    assert "The least reliable first" not in words
    found = load_summary(directory).raters
    assert found is not None
    assert {(rater.quality, rater.agreement, rater.worst_class) for rater in found.raters} == {(None, None, None)}


def test_an_earlier_run_keeps_its_numbers_unless_alpha_is_0_or_less() -> None:
    entry = {"name": "ann", "votes": 9, "agreement": 0.9, "quality": 0.8, "worst_class": None}
    for alpha, kept in ((0.4, True), (-0.02, False), (None, False)):
        votes = {"number": 9, "rows": 3, "alpha": alpha, "expected_errors": 1.5}
        found = Raters.of({"raters": [entry], "votes": votes})
        assert found is not None
        assert found.weighed
        assert (found.expected_errors, found.raters[0].quality) == ((1.5, 0.8) if kept else (None, None))


def test_no_section_without_votes(finished: Path, page: str) -> None:
    assert load_summary(finished).raters is None
    assert "raters" not in Page(page).ids
