from __future__ import annotations

import errno
import os
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.errors import StorageError
from auditor.report import write_report
from tests.report.made import EMOTIONS, make_run

VOID = {"meta", "br", "img", "link", "hr", "input"}
HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "$x^2$ & $",
    "快乐",
    "😀 joy",
    "\u202eevil",
    "שלום",
    "long " * 60,
    '\'" onload="x',
)
HOSTILE_TEXTS = (
    "<img src=x onerror=alert(1)></div></section><h1>boo",
    "\u202eoverride that is never closed",
    "שלום, English בפנים",
    "zero\u200bwidth and \x00 NUL",
    "{{ 7 * 7 }} {% raw %} ${x}",
    "]]> --> <!-- <style> body { display: none }",
    "y" * 100_000,
)


class Page(HTMLParser):
    """Checks that tags close where they should, and collects what tests ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        self.ids += [value or "" for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def check_alone(page: Page) -> None:
    """Nothing runs and nothing is fetched."""
    assert not page.tags.keys() & {"script", "iframe", "object", "embed", "link", "base", "form", "img"}
    assert len(page.ids) == len(set(page.ids))
    for tag, key, value in page.attributes:
        assert not key.startswith("on"), (tag, key)
        if key in {"href", "src", "srcset", "action", "xlink:href"}:
            assert value.startswith("#"), (tag, key, value)
        if key == "href":
            assert value[1:] in page.ids


def write(directory: Path, **made: Any) -> Page:
    return Page(write_report(make_run(**made).write(directory / "run")).read_text("utf-8"))


def test_the_page_stands_alone(page: str) -> None:
    parsed = Page(page)
    check_alone(parsed)
    policy = next(value for tag, key, value in parsed.attributes if key == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "url(" not in re.sub(r"url\(#", "", page)
    assert "@import" not in page


def test_the_page_says_what_was_found(page: str) -> None:
    words = Page(page).words
    assert re.search(r"\d+ rows to read again, \d\.\d % of those judged: about .{1,20} at 10 seconds a row", words)
    assert "Begin with the rows labelled" in words
    assert "Nobody has judged a row yet: auditor review" in words
    assert "suspicion is not the probability that the label is wrong" in words
    assert "An earlier version made this run" not in words
    assert "Classes that overlap in two dimensions need not overlap in the vectors." in words
    assert "The column 'text' was taken for the texts." in words
    assert "3 stratified folds, out-of-fold; seed 0" in words
    for heading in ("The 25 most suspect texts", "The 25 most certain texts", "Tokens that stand out", "Classes"):
        assert heading in words
    for model in ("dummy", "features", "lexical", "finetuned", "consensus"):
        assert f"Confusion matrix: {model}" in words


def test_every_picture_is_named_and_every_table_has_scopes(page: str) -> None:
    parsed = Page(page)
    named = [value for tag, key, value in parsed.attributes if tag == "svg" and key == "aria-label"]
    assert len(named) == parsed.tags["svg"]
    assert all(named)
    scoped = [tag for tag, key, _ in parsed.attributes if tag == "th" and key == "scope"]
    assert len(scoped) == parsed.tags["th"]
    assert ("html", "lang", "en") in parsed.attributes


def test_figures_are_saved_as_png(finished: Path) -> None:
    names = {path.name for path in (finished / "figures").iterdir()}
    models = {f"confusion_{name}.png" for name in ("dummy", "features", "lexical", "finetuned", "consensus")}
    others = {"map.png", "models.png", "confusions.png", "heatmap.png", "loss_by_class.png", "health.png"}
    assert names == models | others
    assert all((finished / "figures" / name).read_bytes().startswith(b"\x89PNG") for name in names)


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(finished: Path) -> None:
    def files() -> dict[str, bytes]:
        paths = [finished / "report.html", *(finished / "figures").iterdir()]
        return {path.name: path.read_bytes() for path in paths}

    before = files()
    write_report(finished)
    assert files() == before


@pytest.mark.slow
def test_hostile_names_and_texts_are_only_shown(tmp_path: Path) -> None:
    run = make_run(rows=160, names=HOSTILE_NAMES, source="<b>x</b>\u202e.csv", notes=("<i>note</i>",))
    run.texts = [f"{HOSTILE_TEXTS[row % len(HOSTILE_TEXTS)]} {row}" for row in range(160)]
    written = write_report(run.write(tmp_path / "run")).read_text("utf-8")
    parsed = Page(written)
    check_alone(parsed)
    assert parsed.tags["h1"] == 1
    assert parsed.tags["style"] == 1
    assert not set(written) & set("\x00\u202e\u200b")
    for shown in (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "{{ 7 * 7 }}",
        "$x^2$",
        "快乐",
        "😀 joy",
    ):
        assert shown in parsed.text
    assert "U+202E" in parsed.text
    assert "Beginning of 100,0" in parsed.text
    assert "y" * 1000 not in written


@pytest.mark.slow
def test_few_and_many_classes(tmp_path: Path) -> None:
    few = write(tmp_path / "few", names=["no", "yes"], models=["lexical"])
    assert "Confusion matrix: lexical" in few.words
    assert "Confusion matrix: features" not in few.words
    assert "combined as" not in few.words
    many = write(tmp_path / "many", rows=600, names=[f"class {code}" for code in range(200)])
    check_alone(many)
    assert "The 180 classes with the fewest disagreements are combined as “others”." in many.words
    assert "The 12 classes with most flagged rows, of 200." in many.words
    assert "180 others" in many.text


@pytest.mark.slow
def test_a_run_without_issues(tmp_path: Path) -> None:
    run = make_run(wrong=0.0, models=["finetuned"])
    run.probabilities["finetuned"] = np.full((300, 6), 0.01, np.float32)
    run.probabilities["finetuned"][np.arange(300), run.labels] = 0.95
    directory = run.write(tmp_path / "run")
    parsed = Page(write_report(directory).read_text("utf-8"))
    assert "No row is flagged. That does not prove that all 300 labels are right" in parsed.words
    assert not (directory / "figures" / "heatmap.png").exists()


@pytest.mark.slow
def test_a_run_without_a_map(tmp_path: Path) -> None:
    directory = make_run(map=np.full((300, 2), np.nan, dtype=np.float32)).write(tmp_path / "run")
    parsed = Page(write_report(directory).read_text("utf-8"))
    check_alone(parsed)
    assert "Map of the classes" not in parsed.words
    assert not (directory / "figures" / "map.png").exists()


@pytest.mark.slow
def test_a_map_of_a_single_place(tmp_path: Path) -> None:
    parsed = write(tmp_path, map=np.ones((300, 2), dtype=np.float32))
    assert "Map of the classes" in parsed.words


@pytest.mark.usefixtures("undrawn")
def test_trained_on_one_split_and_judged_another(tmp_path: Path) -> None:
    run = make_run(splits=["train"] * 200 + ["val"] * 100, config={"train_on": ["train"], "audit": ["val"]})
    for values in run.probabilities.values():
        values[:200] = np.nan
    parsed = Page(write_report(run.write(tmp_path / "run")).read_text("utf-8"))
    assert "100 of them were judged by models." in parsed.words
    assert "Models were trained on train and judged val." in parsed.words


@pytest.mark.slow
def test_nothing_could_be_judged(tmp_path: Path) -> None:
    run = make_run(rows=30)
    for values in run.probabilities.values():
        values[:] = np.nan
    parsed = Page(write_report(run.write(tmp_path / "run")).read_text("utf-8"))
    check_alone(parsed)
    assert "No row could be judged." in parsed.words


@pytest.mark.slow
def test_a_class_that_cannot_be_judged_is_named(tmp_path: Path) -> None:
    run = make_run(names=[*EMOTIONS, "lonely"])
    run.labels[run.labels == 6] = 0
    run.labels[17] = 6
    words = Page(write_report(run.write(tmp_path / "run")).read_text("utf-8")).words
    assert "Not judgeable" in words
    assert "It has a single text" in words


@pytest.mark.usefixtures("undrawn")
def test_pictures_of_former_models_go(tmp_path: Path) -> None:
    directory = make_run(rows=60, models=["lexical"]).write(tmp_path / "run")
    (directory / "figures").mkdir()
    (directory / "figures" / "confusion_finetuned.png").touch()
    (directory / "figures" / "mine.png").touch()
    write_report(directory)
    assert not (directory / "figures" / "confusion_finetuned.png").exists()
    assert (directory / "figures" / "mine.png").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_full_disk_leaves_the_former_report_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = make_run(rows=60, models=["lexical"]).write(tmp_path / "run")
    page = write_report(directory)
    page.write_text("the former one", "utf-8")
    rename = os.replace

    def full(source: str, target: str, **folders: Any) -> None:
        if Path(target).name == "report.html":
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target, **folders)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_report(directory)
    assert page.read_text("utf-8") == "the former one"
    assert not list(directory.rglob("*.partial"))
