"""The command line as its user sees it: results on standard output, two lines for an error, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from auditor.data import sample
from auditor.report.words import KINDS, kind_words

pytestmark = pytest.mark.usefixtures("no_pictures")

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    frame = sample.written()
    frame = frame[frame["label"].isin(["joy", "sadness"])].head(60)
    path = tmp_path / "tweets.csv"
    frame[["text", "label"]].to_csv(path, index=False)
    return path


def run_words(model: Path) -> list[object]:
    return ["--encoder", model, "--base-model", model, "--folds", 2, "--epochs", 1, "--device", "cpu"]


@pytest.mark.slow
def test_run_issues_and_report(invoke: Invoke, tweets: Path, tiny_model: Path, tmp_path: Path) -> None:
    code, out, err = invoke("run", "tweets.csv", *run_words(tiny_model))
    assert code == 0
    assert "to read again, of 60 judged" in out
    assert "reports/runs/tweets/report.html" in out.replace("\n", "")
    assert "Columns guessed" in err
    assert "Fine-tuning: 2 of 2 folds × 1 epoch" in err

    code, out, _ = invoke("issues", "tweets", "--top", 3, "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert {"id", "text", "given_label", "suggested_label", "suspicion", "is_issue", "reasons"} <= set(rows[0])

    code, out, _ = invoke("issues", "tweets", "--top", 3)
    assert code == 0
    assert rows[0]["id"] in out

    check_filters(invoke)
    page = tmp_path / "reports" / "runs" / "tweets" / "report.html"
    page.unlink()
    code, out, _ = invoke("report", page.parent)  # a path serves as well as a name
    assert code == 0
    assert Path(out.strip()) == page
    assert page.is_file()

    code, out, err = invoke("run", "tweets.csv", *run_words(tiny_model), "--json", "--quiet")
    about = json.loads(out)
    assert code == 0
    assert err == ""
    assert about["rows"] == 60
    assert set(about["scores"]) == {"dummy", "features", "lexical", "finetuned", "consensus"}


def check_filters(invoke: Invoke) -> None:
    """Kinds, tiers and reasons of a finished run are shown in words, and filter by their names."""
    rows = json.loads(invoke("issues", "tweets", "--top", 60, "--json")[1])
    told = {(row["kind"], row["tier"]) for row in rows if row["kind"] and row["tier"]}
    kind, tier = sorted(told)[0]
    wanted = [row["id"] for row in rows if row["kind"] == kind and row["tier"] == tier]
    found = json.loads(invoke("issues", "tweets", "--top", 60, "--kind", kind, "--tier", tier, "--json")[1])
    assert [row["id"] for row in found] == wanted
    every = [word for name in KINDS for word in ("--kind", name)]
    found = json.loads(invoke("issues", "tweets", "--top", 60, *every, "--json")[1])
    assert [row["id"] for row in found] == [row["id"] for row in rows if row["kind"]]
    code, out, _ = invoke("issues", "tweets", "--kind", kind, "--tier", tier, "--top", 1)
    words = " ".join(out.split())
    assert code == 0
    first = next(row for row in rows if row["id"] == wanted[0])
    assert f"{kind_words(kind, first['given_label'], first['suggested_label'])} · flagged in" in words
    assert first["reasons"]
    assert " ".join(first["reasons"][0].split()) in words
    assert invoke("issues", "tweets", "--kind", kind.upper(), "--tier", tier.upper(), "--top", 1)[1] == out
    assert max(map(len, out.splitlines())) <= 120
    none = next(name for name in KINDS if name not in {row["kind"] for row in rows})
    assert invoke("issues", "tweets", "--kind", none)[:2] == (0, "No row of this run matches.\n")
    assert json.loads(invoke("issues", "tweets", "--kind", none, "--json")[1]) == []
    code, out, err = invoke("issues", "tweets", "--kind", "wrong")
    assert (code, out) == (2, "")
    assert "none_fits" in err


@pytest.mark.slow
def test_lines_split_by_file_name(invoke: Invoke, tiny_model: Path, tmp_path: Path) -> None:
    frame = sample.written()
    frame = frame[frame["label"].isin(["joy", "sadness"])].head(60)
    lines = [f"{text};{label}\n" for text, label in zip(frame["text"], frame["label"], strict=True)]
    (tmp_path / "train.txt").write_text("".join(lines[:40]), "utf-8")
    (tmp_path / "val.txt").write_text("\n" + "".join(lines[40:]), "utf-8")
    words = ["run", "train.txt", "val.txt", "--models", "lexical", "--encoder", tiny_model, "--base-model", tiny_model]
    code, out, err = invoke(*words, "--train-on", "train", "--audit", "val", "--out", "book", "--json")
    assert code == 0
    assert "1 blank line skipped" in err
    assert json.loads(out)["judged"] == 20
    code, out, _ = invoke("issues", "book", "--top", 20, "--json")
    assert {row["split"] for row in json.loads(out)} == {"val"}


BAD_FILES = {
    "empty.csv": (b"", "empty"),
    "header.csv": (b"text,label\n", "no rows"),
    "fields.csv": (b"text,label\na,joy\nb,c,joy\n", "line 3"),
    "latin.csv": ("text,label\ncafé,joy\n".encode("latin-1"), "byte"),
    "one.csv": (b"text,label\na,joy\nb,joy\n", "only one class"),
    "missing.csv": (b"text,label\na,joy\n,sadness\nc,\n", "2 rows"),
    "columns.csv": (b"a,b\n1,2\n3,4\n", "'a' (string), 'b' (string)"),
    "lists.jsonl": (b'{"text": "a", "label": ["x", "y"]}\n{"text": "b", "label": ["z"]}\n', "multi-label"),
    "broken.jsonl": (b'{"text": "a", "label": "x"}\n{"text": \n', "line 2"),
    "broken.parquet": (b"PAR1 not really", "broken.parquet"),
    "unknown.xyz": (b"?", "xyz"),
    "none.txt": (b"a line without a label\n", "line 1"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_input_is_two_lines_and_exit_code_3(invoke: Invoke, tmp_path: Path, name: str) -> None:
    content, expected = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    code, out, err = invoke("run", name, "--models", "lexical")
    assert code == 3
    assert out == ""
    what, _, todo = err.partition("\n→ ")
    assert what.startswith("Error: ")
    assert expected in what + todo
    assert todo.strip()
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["run", "nowhere.csv"], 3, "nowhere.csv"),
        (["run", "tweets.csv", "--text", "txt"], 3, "'text' (string), 'label' (string)"),
        (["run", "tweets.csv", "--label", "nope"], 3, "'text' (string), 'label' (string)"),
        (["run", "tweets.csv", "--models", "lexical,magic"], 2, "'magic'"),
        (["run", "tweets.csv", "--models", ","], 2, "features, lexical, finetuned"),
        (["run", "tweets.csv", "--encoder", "./nothing/here"], 4, "./nothing/here"),
        (["run", "tweets.csv", "--device", "abacus"], 4, "abacus"),
        (["run", "tweets.csv", "--split", "test"], 3, "test"),
        (["run", "tweets.csv", "--train-on", "a", "--audit", "b"], 3, "There is no split a, b"),
        (["run", "nobody/nothing"], 4, "nobody/nothing is not in the local cache"),
        (["issues", "nothing"], 5, "There is no run 'nothing'"),
        (["report", "nothing"], 5, "auditor run FILE"),
    ],
)
def test_wrong_words_are_told_what_to_do(
    invoke: Invoke, tweets: Path, words: list[str], code: int, expected: str
) -> None:
    got, out, err = invoke(*words)
    assert (got, out) == (code, "")
    assert expected in err
    assert "\n→ " in err


@pytest.mark.slow
def test_rows_without_text_or_label_can_be_set_aside(invoke: Invoke, tweets: Path, tiny_model: Path) -> None:
    with tweets.open("a", encoding="utf-8") as file:
        file.write('"",joy\nno label,""\n')
    words = ["run", "tweets.csv", "--models", "lexical", "--encoder", tiny_model, "--base-model", tiny_model]
    assert invoke(*words)[0] == 3
    code, out, err = invoke(*words, "--drop-invalid", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == 60
    assert "2 rows without a text or a label set aside" in err


def test_a_folder_of_something_else_is_left_alone(invoke: Invoke, tweets: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.doc").write_text("years of work")
    for extra in ([], ["--fresh"]):
        code, _, err = invoke("run", "tweets.csv", "--models", "lexical", "--out", "mine", *extra)
        assert code == 5
        assert "is not a run" in err
    assert [path.name for path in mine.iterdir()] == ["thesis.doc"]


def test_the_version_is_the_installed_one(invoke: Invoke) -> None:
    assert invoke("--version") == (0, f"auditor {version('label-auditor')}\n", "")


def test_no_words_and_wrong_options_show_help(invoke: Invoke) -> None:
    assert "run" in "".join(invoke("--help")[1:])
    code, _, err = invoke("run", "tweets.csv", "--folds", "1")
    assert code == 2
    assert "folds" in err


@pytest.mark.slow
def test_repeats(invoke: Invoke, tweets: Path, tiny_model: Path, tmp_path: Path) -> None:
    words = ["run", "tweets.csv", *run_words(tiny_model), "--models", "lexical", "--repeats"]
    code, _, err = invoke(*words, 0)
    assert code == 2
    assert "repeats" in err
    assert invoke(*words, 4)[0] == 0
    run = tmp_path / "reports" / "runs" / "tweets"
    assert json.loads((run / "manifest.json").read_text())["config"]["repeats"] == 4
    assert (run / "probabilities" / "repeat-3" / "lexical.npy").is_file()


@pytest.mark.slow
def test_a_terminal_is_safe_from_texts(invoke: Invoke, tiny_model: Path, tmp_path: Path) -> None:
    texts = [f"\x1b[31mred {n}\x1b]0;title\x07 [bold]markup[/bold]" for n in range(20)]
    rows = [json.dumps({"text": text, "label": "ab"[n % 2]}) for n, text in enumerate(texts)]
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    words = ["run", "t.jsonl", "--models", "lexical", "--encoder", tiny_model, "--base-model", tiny_model, "--folds", 2]
    assert invoke(*words)[0] == 0
    _, out, _ = invoke("issues", "t", "--top", 20)
    assert "\x1b]0" not in out
    assert "\x07" not in out
    assert "[bold]markup" in out.replace("\n", "")


@pytest.mark.slow
def test_the_ranking_cuts_long_names_and_rows_that_were_not_judged_are_counted(
    invoke: Invoke, tiny_model: Path, tmp_path: Path
) -> None:
    long = "a" * 500
    lines = [f'{{"text": "text number {n}", "label": "{(long, "b")[n % 2]}"}}' for n in range(20)]
    (tmp_path / "t.jsonl").write_text("\n".join([*lines, '{"text": "all alone", "label": "c"}']))
    code, out, _ = invoke("run", "t.jsonl", "--models", "lexical", *run_words(tiny_model))
    assert code == 0
    assert "1 of 21 rows was not judged: its split is not audited, or its label occurs in only one text." in out
    _, out, _ = invoke("issues", "t", "--top", 20)
    assert "…" in out
    assert out.count("a") < 20 * 250
