"""The card: what it tells, what it keeps of one that is there, and that strings of the data are no markup in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from auditor.correction.decide.policy import Policy
from auditor.correction.decide.summary import Summary
from auditor.correction.push.card import Taken, is_own, merge_configs, new_card, read_card, taken_from, write_card
from auditor.correction.push.facts import Facts, HubSource, SplitRows, VerdictRows
from auditor.correction.push.markdown import code
from auditor.correction.push.picture import draw_changes
from auditor.errors import HubError

SPLITS = {"corrected": ("train", "test"), "original": ("train", "test")}
HOSTILE = (
    "joy",
    "a|b \\| c",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) ![y](http://evil/z.png)",
    "`code` **bold** # title",
    "--> <!-- auditor:end corrected -->",
    "\u202ereversed\nnext line\r\n| --- |",
    "",
)


def facts(names: tuple[str, ...] = ("joy", "love"), source: str = "`diary.csv`", **changes: Any) -> Facts:
    pairs = [(names[0], name, 5 - place) for place, name in enumerate(names[1:4])]
    summary = Summary(
        rows=2000,
        invalid=0,
        judged=40,
        reviewers=("ann", "bob"),
        adjudicated=0,
        verdicts={"relabel": 12, "keep": 20, "exclude": 3, "ambiguous": 5},
        changed=12,
        suggested=0,
        excluded=3,
        written=1997,
        new_classes=(),
        marked={"ambiguous": ["a", "b", "c", "d", "e"]},
        stale=[],
        confusions=pairs,
        class_changes=tuple(f"{name} renamed" for name in names),
        reclassified=7,
        changed_by_class=2,
        excluded_by_class=1,
    )
    made: dict[str, Any] = {
        "source": source,
        "hub": None,
        "summary": summary,
        "policy": Policy(),
        "chosen_view": False,
        "verdicts": (VerdictRows("relabel", 12, "the new label", "relabelled"),),
        "splits": (SplitRows("train", 1500, 10, 3), SplitRows("test", 500, 2, 0)),
        "classes": tuple((name, 10, 9) for name in names),
        "by_several": 7,
        "models": {"lexical": "logistic regression on TF-IDF words"},
        "version": "0.1.0",
        "date": "2026-01-01",
        "accuracy": 0.9,
    }
    return Facts(**{**made, **changes})


def card(told: Facts, existing: str | None = None, splits: Any = None, **changes: Any) -> str:
    taken, name = changes.get("taken", Taken()), changes.get("name", "corrected")
    there = read_card(new_card("ann/x_y") if existing is None else existing, "ann/x")
    return write_card(there, "ann/x_y", name, told, splits or SPLITS, taken, changes.get("renamed", {}))


def metadata(text: str) -> dict[str, Any]:
    return dict(read_card(text, "ann/x").data.to_dict())


class Page(HTMLParser):
    """What a browser would make of it: elements, what they point to, and the text of a table's cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str | None] = []
        self.cells: list[str] = []
        self.comments: list[str] = []
        body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(body))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.targets += [value for key, value in attrs if key in ("href", "src") or key.startswith("on")]
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def test_it_tells_what_was_done() -> None:
    text = card(facts())
    assert "40 rows of 2,000 were judged by 2 people. 10 labels were changed, 2 rows left out." in text
    assert 'load_dataset("ann/x_y", "corrected")' in text
    assert 'load_dataset("ann/x_y", "original")' in text
    unchanged = replace(facts().summary, class_changes=(), changed_by_class=0, excluded_by_class=0)
    assert "no label was changed without a human verdict" in card(facts(summary=unchanged))
    assert "The 1,960 rows that nobody judged keep their given labels" in text
    assert "Rows of `test` were corrected too" in text
    assert "5 rows are unchanged because several labels fit" in text
    assert metadata(text)["size_categories"] == ["1K<n<10K"]
    assert "\\_y" in text.split("\n<!--")[0], "the name is no emphasis"


def test_what_nobody_judged_is_told_as_the_policy_has_it() -> None:
    some = card(facts(policy=Policy(unreviewed="suggest-above"), summary=replace(facts().summary, suggested=60)))
    assert "The 1,900 rows that nobody judged and no model changed keep their given labels" in some
    assert "nobody judged" not in card(facts(policy=Policy(unreviewed="drop")))


def test_of_a_hub_dataset_the_original_is_where_it_came_from() -> None:
    source = HubSource("them/emotion", "split", "c0ffee")
    text = card(
        facts(hub=source), splits={"corrected": ("train",)}, taken=Taken("other", ["en"], {"license_name": "x"})
    )
    assert 'load_dataset("them/emotion", "split", revision="c0ffee")' in text
    data = metadata(text)
    assert (data["license"], data["license_name"], data["language"]) == ("other", "x", ["en"])
    assert data["source_datasets"] == ["them/emotion"]


def test_without_the_original_it_says_where_the_given_labels_are() -> None:
    text = card(facts(), splits={"corrected": ("train",)})
    assert "original =" not in text
    assert "It has the given labels of the changed rows" in text


@pytest.mark.parametrize(
    ("given", "kept"),
    [("mit", "mit"), (["mit", "cc0-1.0"], ["mit", "cc0-1.0"]), ("a\nb: c", None), ({"a": 1}, None), (None, None)],
)
def test_licence_is_taken_over_when_it_looks_like_one(given: Any, kept: Any) -> None:
    assert taken_from({"license": given}).license == kept


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_prose_and_metadata_of_a_card_survive(ending: str) -> None:
    there = ending.join(["---", "license: mit", "odd_key: [1, 2]", "---", "# Mine", "", "Words.", ""])
    once = card(facts(), there)
    more = once + f"{ending}More words, after.{ending}"
    twice = card(facts(names=("joy", "rage")), more)
    assert twice.count("<!-- auditor:begin corrected -->") == twice.count("# Mine") == 1
    assert "More words, after." in twice
    assert "rage" in twice
    assert metadata(twice)["license"] == "mit"
    assert metadata(twice)["odd_key"] == [1, 2]
    assert re.findall(r"(?<!\r)\n", twice.split("# Mine")[1]) == [] or ending == "\n"
    assert card(facts(names=("joy", "rage")), twice) == twice


def test_two_configurations_have_a_part_each() -> None:
    both = card(facts(), card(facts()), splits={"second": ("train",)}, name="second")
    assert both.count("<!-- auditor:begin") == 2
    assert [config["config_name"] for config in metadata(both)["configs"]] == ["corrected", "original", "second"]


def test_a_configuration_without_files_is_not_ours() -> None:
    assert not is_own({"config_name": "corrected", "data_files": []})


def test_a_beginning_that_has_lost_its_end_takes_nothing_with_it() -> None:
    there = "<!-- auditor:begin corrected -->\nMy own words.\n"
    assert card(facts(), card(facts(), there)).count("My own words.") == 1


@pytest.mark.parametrize("there", ["---\n- a\n---\n", "---\na: [\n---\n", "---\na: 1\n  b: 2\n---\n"])
def test_metadata_that_cannot_be_read_are_refused(there: str) -> None:
    with pytest.raises(HubError, match=r"metadata in README\.md of ann/x"):
        read_card(there, "ann/x")


def test_changes_of_classes_are_told_as_no_verdicts() -> None:
    text = card(facts())
    assert "Classes were also changed: `joy renamed`, `love renamed`. These changes are not verdicts: " in text
    assert "2 labels were renamed with their class, 1 row left out with its" in text
    assert "without a human verdict" not in text
    assert "determined which rows people looked at: 10 labels changed by human verdicts, 2 labels renamed" in text
    assert "keep their given labels, except where their class was changed" in text


@pytest.mark.slow
@given(st.lists(st.text(max_size=60), min_size=2, max_size=5, unique=True))
@settings(max_examples=30)
@example(list(HOSTILE))
def test_labels_are_no_markup(names: list[str]) -> None:
    told = facts(tuple(names))
    plain, page = Page(card(facts(tuple(f"name{place}" for place in range(len(names)))))), Page(card(told))
    assert page.tags == plain.tags
    assert page.targets == plain.targets
    assert page.comments == plain.comments
    assert len(page.cells) == len(plain.cells)


@given(st.text(max_size=200))
@example("a`b``c")
@example("x\\")
def test_code_shows_the_text_itself(text: str) -> None:
    shown = Page(f"| {code(text)} |\n|---|\n").cells[0].rstrip("\n")
    expected = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    assert shown.removesuffix("…") == expected[: len(shown.removesuffix("…"))] or shown == "(blank)"
    assert len(shown) <= 80
    assert shown == (expected or "(blank)") or len(expected) > 80


@pytest.mark.parametrize(
    ("there", "default"),
    [
        ([], "corrected"),
        ([{"config_name": "en", "data_files": "en/*"}], "en"),
        ([{"config_name": "default", "data_files": "data/*"}], "default"),
        ([{"config_name": "a", "data_dir": "a", "default": True}, {"config_name": "b", "data_dir": "b"}], "a"),
        ([{"config_name": "a", "data_dir": "a"}, {"config_name": "b", "data_dir": "b"}], None),
    ],
)
def test_what_is_loaded_without_a_name_stays_what_it_was(there: list[dict[str, Any]], default: str | None) -> None:
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    merged = merge_configs(there, "corrected", SPLITS)
    assert merge_configs(merged, "corrected", SPLITS) == merged
    configs = MetadataConfigs.from_dataset_card_data(DatasetCardData(configs=merged))
    assert configs.get_default_config_name() == default
    assert list(configs) == [*(config["config_name"] for config in there), "corrected", "original"]


def test_picture_is_the_same_each_time_whatever_the_names() -> None:
    pairs = [(name, HOSTILE[0], 3) for name in HOSTILE[1:]]
    first, again = (draw_changes(pairs, [(name, 5, 4) for name in (*HOSTILE, "悲しみ $x^2$")]) for _ in range(2))
    assert first == again
    assert first.startswith(b"\x89PNG")
    assert draw_changes([], [("joy", 5, 5)]).startswith(b"\x89PNG")
