"""What holds for the page's scripts and styles, as far as reading them can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from auditor.report.draw.theme import DARK, LIGHT
from auditor.report.words import KINDS, TIERS_MEAN
from ui.files import SUITES

STATIC = Path(__file__).parents[2] / "ui" / "static"
SCRIPTS = sorted(STATIC.rglob("*.js"))
STYLES = sorted(STATIC.glob("*.css"))
RUNS_STRINGS = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|srcdoc\s*=)|document\.write"
    r"|\beval\(|new Function|setTimeout\(\s*[\"'`]|\.setHTML"
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_elements_and_never_run_strings(path: Path) -> None:
    text = path.read_text("utf-8")
    assert RUNS_STRINGS.findall(text) == []
    imported = re.findall(r"^(?:import|export) .*from \"(.*)\";", text, flags=re.MULTILINE)
    assert [name for name in imported if not re.fullmatch(r"\.{1,2}/([a-z]+/)?[a-z]+\.js", name)] == []
    assert [name for name in imported if not (path.parent / name).is_file()] == []


def test_every_folder_of_scripts_is_served() -> None:
    assert {path.name for path in STATIC.iterdir() if path.is_dir()} == set(SUITES)


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=lambda path: path.name)
def test_nothing_comes_from_another_host_and_files_stay_short(path: Path) -> None:
    text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert re.findall(r"(?:https?:|[\"'(])//[\w.]+", text) == []
    assert "@import" not in text
    assert len(text.splitlines()) <= 400


def test_the_page_knows_every_kind_and_tier_and_calls_no_label_wrong() -> None:
    words = (STATIC / "common" / "words.js").read_text("utf-8")
    blocks = {name: words.partition(f"const {name} = {{")[2].partition("};")[0] for name in ("KINDS", "TIERS")}
    named = {name: dict(re.findall(r"(\w+): t\(\"(.*)\"\),", block)) for name, block in blocks.items()}
    assert list(named["KINDS"]) == list(KINDS)
    assert not [
        text for name in named for text in named[name].values() if re.search("wrong|mislabel|error", text, re.I)
    ]
    assert list(named["TIERS"]) == list(TIERS_MEAN)


def test_the_page_has_the_colours_of_the_report() -> None:
    style = (STATIC / "style.css").read_text("utf-8")
    for selector, colours in ((":root", LIGHT), (".dark", DARK)):
        block = style.partition(f"\n{selector} {{")[2].partition("\n}")[0]
        assert dict(re.findall(r"--([\w-]+): (#\w+);", block)) == colours


def test_an_idle_server_seldom_looks_for_work_of_gradio(app: FastAPI) -> None:
    (blocks,) = [route.app.get_blocks() for route in app.routes if hasattr(getattr(route, "app", None), "get_blocks")]
    assert blocks._queue.sleep_when_free >= 0.1
