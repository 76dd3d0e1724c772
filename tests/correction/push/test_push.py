"""Pushes to a Hub on this machine by the real clients: what arrives there, and beside what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from auditor.api import Audit
from auditor.review.view.items import Items
from auditor.run import Run
from tests.hub.client import Client
from tests.hub.runs import judge, read_run
from tests.hub.server import Hub
from tests.hub.tweets import NAMES, exported, same, source
from tests.review.reviewing import decision
from tests.review.runs import write_run


def test_one_commit_brings_data_patch_picture_and_card(hub: Hub, ann: Client, pushed_run: Run, push: Any) -> None:
    pushed = push("ann/new")
    repository = hub.store.dataset("ann/new")
    assert repository.private
    assert len(repository.commits) == 2, "the initial one, and ours"
    assert pushed["commit"] == repository.refs["main"]
    assert {*pushed["files"], ".gitattributes"} == set(repository.files)
    assert set(pushed["files"]) == {
        "README.md",
        *(f"{config}/{split}-00000-of-00001.parquet" for config in ("corrected", "original") for split in source()),
        "corrected/patch.jsonl",
        "corrected/changes.png",
    }
    assert repository.files["corrected/changes.png"].startswith(b"\x89PNG")
    changes = [json.loads(line) for line in repository.files["corrected/patch.jsonl"].splitlines()]
    assert [(change["id"], change["new"]) for change in changes] == [
        ("train-0", "love"),
        ("train-3", None),
        ("train-4", None),
        ("test-2", "joy"),
    ]
    assert same(ann.ask("load", repo="ann/new", config="corrected"), exported(pushed_run))
    assert same(ann.ask("load", repo="ann/new"), exported(pushed_run)), "the default of a new repository"
    assert same(ann.ask("load", repo="ann/new", config="original"), source())
    assert any("names the reviewers: ann, bob" in note for note in pushed["notes"])


def test_what_was_pushed_can_be_audited(hub: Hub, ann: Client, tmp_path: Path, tiny_model: Path, push: Any) -> None:
    few = datasets.DatasetDict(
        {"train": source()["train"].select([0, 1, 3, 4])}
    )  # too few to draw a map of, which takes long
    made = read_run(few, tmp_path / "few", text="tweet", label="emotion")
    judge(made, {"train-1": ("keep",)})
    ann.ask("push", run=str(made.directory), repo="ann/audited")
    words = ["run", "ann/audited", "--text", "tweet", "--label", "emotion", "--models", "lexical", "--folds", "2"]
    done = ann.ask("command", words=[*words, "--encoder", str(tiny_model), "--out", str(tmp_path / "again"), "-q"])
    assert done["code"] == 0, done["err"]
    origin = Audit(tmp_path / "again").texts.origin
    assert (origin.source, origin.options["config"]) == ("ann/audited", "corrected")
    assert origin.options["commit"] == hub.store.dataset("ann/audited").refs["main"]


def test_new_class_is_among_the_names(ann: Client, pushed_run: Run, push: Any) -> None:
    policy = {"add_classes": True}
    push("ann/classes", policy=policy)
    loaded = ann.ask("load", repo="ann/classes")
    assert loaded["features"]["train"]["emotion"]["names"] == [*NAMES, "envy"]
    assert same(loaded, exported(pushed_run, **policy))


def test_a_split_of_which_no_row_is_left_is_left_out(ann: Client, pushed_run: Run, push: Any) -> None:
    policy = {"leave_out": [], "verdicts": ["exclude"]}
    pushed = push("ann/part", policy=policy)
    assert "The split 'test' has no rows and is left out." in pushed["notes"]
    loaded = ann.ask("load", repo="ann/part")
    assert loaded["rows"] == {"train": exported(pushed_run, **policy)["train"].to_list()}
    assert same(ann.ask("load", repo="ann/part", config="original"), source())


def test_rows_that_a_filter_finds(ann: Client, tmp_path: Path) -> None:
    run = write_run(tmp_path / "diary")
    items = Items.of(run)
    with Audit(run).log() as log:
        log.append(decision(items, row, "ann", "keep", run_id=log.run_id) for row in (3, 5))
    ann.ask("push", run=str(run.directory), repo="ann/view", filter="verdict=keep", original=False)
    (rows,) = ann.ask("load", repo="ann/view")["rows"].values()
    assert [row["text"] for row in rows] == [items.text_of(row) for row in (3, 5)]


def test_same_push_again_does_nothing(hub: Hub, push: Any) -> None:
    first = push("ann/twice")
    again = push("twice")
    assert (again["repo"], again["unchanged"]) == ("ann/twice", True)
    assert again["commit"] == first["commit"] == hub.store.dataset("ann/twice").refs["main"]
    changed = push("ann/twice", policy={"leave_out": []})
    assert not changed["unchanged"]


def test_pull_request_leaves_the_branch_alone(hub: Hub, ann: Client, pushed_run: Run, push: Any) -> None:
    first = push("ann/proposed")
    proposed = push("ann/proposed", create_pr=True, policy={"leave_out": []}, message="As Bob says")
    repository = hub.store.dataset("ann/proposed")
    assert proposed["pr_url"] == f"{hub.endpoint}/datasets/ann/proposed/discussions/1"
    assert repository.refs["main"] == first["commit"]
    made = repository.find("refs/pr/1")
    assert (made.parent, made.title) == (first["commit"], "As Bob says")
    loaded = ann.ask("load", repo="ann/proposed", revision="refs/pr/1")
    assert same(loaded, exported(pushed_run, leave_out=()))


def test_shards_of_an_earlier_push_go(hub: Hub, ann: Client, pushed_run: Run, push: Any) -> None:
    push("ann/shards")
    data = hub.store.dataset("ann/shards").files["corrected/train-00000-of-00001.parquet"]
    hub.store.dataset("ann/shards").commit({"corrected/train-00001-of-00002.parquet": data, "corrected/notes.md": b"!"})
    push("ann/shards")
    assert "corrected/train-00001-of-00002.parquet" not in hub.store.dataset("ann/shards").files
    assert "corrected/notes.md" in hub.store.dataset("ann/shards").files
    assert same(ann.ask("load", repo="ann/shards", config="corrected"), exported(pushed_run))


def test_visibility_is_the_users(hub: Hub, push: Any) -> None:
    hub.store.add("us/open", {}).begin({})
    push("us/made-open", private=False)
    assert not hub.store.dataset("us/made-open").private
    refused = push("us/open", private=True)
    assert refused["error"] == "HubRefusedError"
    assert "us/open is public" in refused["what"]
    hub.store.add("us/hidden", {}, private=True)
    assert any("stays private" in note for note in push("us/hidden", private=False)["notes"])
    assert hub.store.dataset("us/hidden").private


# -- beside what is there -------------------------------------------------------------------------------------------


CARD = """---
license: cc-by-4.0
license_name: none
pretty_name: Emotions
tags:
- tweets
configs:
- config_name: en
  data_files: en/*.parquet
  {default}
dataset_info:
- config_name: corrected
  splits:
  - name: train
    num_bytes: 1
    num_examples: 1
---
# Emotions

What *we* wrote.
"""


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("data") / "train.parquet"
    source()["train"].to_parquet(str(file))
    return file.read_bytes()


def test_card_and_configurations_that_are_there_survive(
    hub: Hub, ann: Client, pushed_run: Run, push: Any, parquet: bytes
):
    there = {"README.md": CARD.format(default="").encode(), "en/a.parquet": parquet}
    hub.store.add("us/existing", there)
    push("us/existing", config_name="checked", original=False)
    push("us/existing", config_name="checked", original=False, policy={"leave_out": []})
    card = hub.store.dataset("us/existing").files["README.md"].decode()
    assert card.count("What *we* wrote.") == card.count("<!-- auditor:begin checked -->") == 1
    assert "license: cc-by-4.0" in card
    assert "- tweets\n- label-errors" in card
    assert card.index("What *we* wrote.") < card.index("## Corrected labels: `checked`")
    assert ann.ask("load", repo="us/existing")["rows"] == {"train": source()["train"].to_list()}, "as before"
    assert same(ann.ask("load", repo="us/existing", config="checked"), exported(pushed_run, leave_out=()))


def test_another_dataset_beside_leaves_the_original_of_the_first(
    hub: Hub, ann: Client, pushed_run: Run, push: Any, tmp_path: Path
) -> None:
    push("ann/both")
    few = datasets.DatasetDict({"train": source()["train"].select(range(7))})
    other = read_run(few, tmp_path / "few", text="tweet", label="emotion")
    ann.ask("push", run=str(other.directory), repo="ann/both", config_name="second")
    assert same(ann.ask("load", repo="ann/both"), exported(pushed_run))
    assert same(ann.ask("load", repo="ann/both", config="original"), source())
    assert same(ann.ask("load", repo="ann/both", config="second-original"), few)
    card = hub.store.dataset("ann/both").files["README.md"].decode()
    assert 'load_dataset("ann/both", "second-original")' in card
    taken = push("ann/both", config_name="second-original")
    assert (taken["error"], "second-original" in taken["what"]) == ("ExportError", True)


def test_norwegian_stays_a_language(hub: Hub, push: Any) -> None:
    hub.store.add("us/norwegian", {"README.md": b"---\nlanguage:\n- en\n- no\n---\n"})
    assert push("us/norwegian", original=False)["commit"]
    assert "language:\n- en\n- 'no'\n" in hub.store.dataset("us/norwegian").files["README.md"].decode()


def test_an_original_that_was_pushed_before_is_told_of(hub: Hub, push: Any) -> None:
    push("us/before")
    again = push("us/before", original=False)
    assert (
        "The configuration 'original' of an earlier push stays in the repository, with all its rows." in again["notes"]
    )
    card = hub.store.dataset("us/before").files["README.md"].decode()
    assert 'load_dataset("us/before", "original")' in card
    assert "are not in this repository" not in card


def test_counts_of_another_push_do_not_stop_the_loading(
    hub: Hub, ann: Client, pushed_run: Run, push: Any, parquet: bytes
):
    hub.store.add("us/counted", {"README.md": CARD.format(default="").encode(), "en/a.parquet": parquet})
    push("us/counted")
    assert same(ann.ask("load", repo="us/counted", config="corrected"), exported(pushed_run))


@pytest.mark.parametrize("card", [None, b"---\nconfigs:\n- config_name: default\n---\n"])
def test_data_that_no_card_names_are_still_found(
    hub: Hub, ann: Client, pushed_run: Run, push: Any, parquet: bytes, card: bytes | None
) -> None:
    name = f"us/bare-{len(card or b'')}"
    hub.store.add(name, {"data/train-00000-of-00001.parquet": parquet, **({"README.md": card} if card else {})})
    push(name)
    assert ann.ask("load", repo=name)["rows"] == {"train": source()["train"].to_list()}
    assert same(ann.ask("load", repo=name, config="corrected"), exported(pushed_run))


def test_a_dataset_of_the_hub_is_its_own_original(hub: Hub, ann: Client, push: Any, parquet: bytes, tmp_path: Path):
    card = b"---\nlicense: cc-by-4.0\nlanguage:\n- de\n---\n"
    hub.store.add("us/source", {"README.md": card, "train.parquet": parquet})
    made = ann.ask("run", source="us/source", directory=str(tmp_path / "run"), text="tweet", label="emotion")
    judge(Run(Path(made["run"])), {"train-0": ("relabel", "love")})
    pushed = ann.ask("push", run=made["run"], repo="ann/from-source")
    assert not any(file.startswith("original/") for file in pushed["files"])
    text = hub.store.dataset("ann/from-source").files["README.md"].decode()
    commit = hub.store.dataset("us/source").refs["main"]
    assert f'load_dataset("us/source", "default", revision="{commit}")' in text
    assert "license: cc-by-4.0\n" in text
    assert "language:\n- de\n" in text
    assert "source_datasets:\n- us/source\n" in text
    assert ann.ask("push", run=made["run"], repo="us/source", create_pr=True)["pr_url"]


@pytest.mark.parametrize(
    ("files", "options", "what"),
    [
        ({"train.csv": b"a,b\n1,2\n3,4\n"}, {}, "consists of csv files"),
        ({"README.md": CARD.encode(), "en/a.parquet": b""}, {"config_name": "en"}, "folder en/"),
        (
            {"README.md": b"---\nconfigs:\n- config_name: corrected\n  data_files: x.parquet\n---\n", "x.parquet": b""},
            {},
            "configuration 'corrected'",
        ),
        ({"README.md": b"# Hello\n", "corrected/train.parquet": b""}, {}, "folder corrected/"),
        ({"README.md": b"---\n- a list\n---\n"}, {}, "metadata in README.md"),
        ({"README.md": b"---\nconfigs:\n  a: b\n---\n"}, {}, "its configs are not a list"),
        ({"README.md": b"---\ndataset_info: hello\n---\n"}, {}, "its dataset_info is not a list"),
        ({".gitignore": b"*.png\n"}, {}, "excludes corrected/changes.png"),
        ({"README.md": b"\xff\xfe"}, {}, "is not UTF-8 text"),
        (
            {
                "README.md": b"---\nconfigs:\n- config_name: all\n  data_files: '**/*.parquet'\n---\n",
                "x/a.parquet": b"",
            },
            {},
            "includes **/*.parquet",
        ),
    ],
)
def test_what_cannot_stand_together_is_refused(
    hub: Hub, push: Any, parquet: bytes, files: dict[str, bytes], options: dict[str, Any], what: str
) -> None:
    there = {path: parquet if path.endswith("parquet") else data for path, data in files.items()}
    there = {path: data.replace(b"{default}", b"") for path, data in there.items()}
    before = hub.store.add("us/clash", there).refs.copy()
    answer = push("us/clash", **options)
    assert answer.get("error") == "HubError", answer
    assert what in answer["what"]
    assert hub.store.dataset("us/clash").refs == before
