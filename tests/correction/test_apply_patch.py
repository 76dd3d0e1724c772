"""``auditor patch``, ``auditor apply`` and ``auditor.apply_patch``, with files, as their user sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import auditor
from auditor.api import Audit
from auditor.config import ReadConfig
from auditor.correction.export.export import write_export
from auditor.correction.patch.patch import make_patch, write_patch
from auditor.data import LabeledTexts
from auditor.errors import ExportError
from auditor.review.log.log import DecisionLog, run_id
from auditor.review.view.items import Items
from auditor.run import find_run
from tests.correction.deciding import corrected, vote
from tests.review.reviewing import decision
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]
ROWS = [("ah; =1", "joy"), ("oh, no", "sad"), ('so "so"', "anger"), ("eh", "joy"), ("hm", "sad")]
FRAME = pd.DataFrame(ROWS, columns=["text", "label"])
RIGHT = [("ah; =1", "sad"), *ROWS[1:2], *ROWS[3:]]


@pytest.fixture
def patch(tmp_path: Path) -> Path:
    """The first row becomes sad, the third is left out."""
    texts = auditor.read(FRAME)
    made = corrected(texts, vote(texts, 0, "relabel", "sad"), vote(texts, 2, "exclude"))
    return write_patch(make_patch(made), tmp_path / "patch.jsonl")


def pairs(path: Path) -> list[tuple[str, str]]:
    texts = auditor.read(path)
    return list(zip(texts.texts, (texts.label_names[code] for code in texts.labels), strict=True))


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.jsonl", "rows.parquet", "rows.csv.gz"])
def test_a_patch_fits_the_same_rows_in_any_format(tmp_path: Path, patch: Path, name: str) -> None:
    source, to = tmp_path / name, tmp_path / "new" / f"clean-{name}"
    to.parent.mkdir()
    if "jsonl" in name:
        FRAME.to_json(source, orient="records", lines=True)
    elif "parquet" in name:
        FRAME.to_parquet(source)
    else:
        FRAME.to_csv(source, index=False, sep="\t" if "tsv" in name else ",")
    applied, exported = auditor.apply_patch(patch, source, to)
    assert (len(applied.applied), applied.unfit) == (2, ())
    assert pairs(to) == RIGHT
    assert to in exported.files


def test_numbers_of_classes_stay_numbers(tmp_path: Path, patch: Path) -> None:
    import datasets

    names = ["sad", "joy", "anger"]
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)})
    rows = {"text": [text for text, _ in ROWS], "label": [names.index(label) for _, label in ROWS]}
    auditor.apply_patch(patch, datasets.Dataset.from_dict(rows, features), tmp_path / "clean")
    made = datasets.load_from_disk(str(tmp_path / "clean"))
    assert made.features == features
    assert [(row["text"], names[row["label"]]) for row in made] == RIGHT


def test_frames_and_changes_in_memory_do_as_well(tmp_path: Path) -> None:
    texts = auditor.read(FRAME)
    changes = make_patch(corrected(texts, vote(texts, 3, "relabel", "sad")))
    auditor.apply_patch(changes, FRAME, tmp_path / "clean.parquet")
    assert pq.read_table(tmp_path / "clean.parquet")["label"].to_pylist()[3] == "sad"


def test_rows_without_a_label_come_back(tmp_path: Path, patch: Path) -> None:
    source = tmp_path / "rows.csv"
    pd.concat([pd.DataFrame([("", "joy")], columns=FRAME.columns), FRAME]).to_csv(source, index=False)
    auditor.apply_patch(patch, source, tmp_path / "clean.csv", config=ReadConfig(drop_invalid=True))
    made = pd.read_csv(tmp_path / "clean.csv", keep_default_na=False)
    assert list(made.itertuples(index=False, name=None)) == [("", "joy"), *RIGHT]


def test_neither_patch_nor_source_is_written_over(tmp_path: Path, patch: Path) -> None:
    source = tmp_path / "rows.jsonl"
    FRAME.to_json(source, orient="records", lines=True)
    before = {path: path.read_bytes() for path in (source, patch)}
    for path in before:
        with pytest.raises(ExportError):
            auditor.apply_patch(patch, source, path, force=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


# -- the command line --------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run under the usual name, with a new label, a row left out and a row that nobody is sure of."""
    run = write_run(tmp_path / "reports" / "runs" / "diary")
    items = Items.of(run)
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        label = items.label_names[(items.given[5] + 1) % len(items.label_names)]
        votes = [(5, ["relabel", label]), (6, ["exclude"]), (7, ["unsure"]), (8, ["none_fits", "boredom"])]
        log.append(decision(items, row, "ann", *words, run_id=log.run_id) for row, words in votes)
    return run.directory


@pytest.fixture
def source(run: Path, tmp_path: Path) -> Path:
    """The run's rows, in one file."""
    write_export(corrected(LabeledTexts.of(find_run(run))), tmp_path / "source.jsonl")
    return tmp_path / "source.jsonl"


def test_patch_and_apply_give_what_export_gives(invoke: Invoke, run: Path, source: Path, tmp_path: Path) -> None:
    code, out, _ = invoke("patch", "diary", "--to", "patch.jsonl")
    assert (code, out.strip()) == (0, "3 changes written to patch.jsonl: 1 new label, 2 rows left out.")
    assert len((tmp_path / "patch.jsonl").read_text("utf-8").splitlines()) == 3
    code, out, err = invoke("apply", "patch.jsonl", source, "--drop-invalid", "--to", "applied/clean.jsonl")
    assert (code, err) == (0, "")
    assert "3 changes made: 1 new label, 2 rows left out." in out
    auditor.export(run, tmp_path / "exported" / "clean.jsonl")
    assert (tmp_path / "applied/clean.jsonl").read_bytes() == (tmp_path / "exported/clean.jsonl").read_bytes()
    code, out, _ = invoke(
        "apply", "patch.jsonl", "applied/clean.jsonl", "--drop-invalid", "--to", "twice/clean.jsonl", "--json"
    )
    told = json.loads(out)
    assert (code, told["applied"], told["already"], told["unfit"]) == (0, 0, 3, [])
    assert (tmp_path / "twice/clean.jsonl").read_bytes() == (tmp_path / "applied/clean.jsonl").read_bytes()


def test_what_does_not_fit_is_listed(invoke: Invoke, run: Path, source: Path, tmp_path: Path) -> None:
    lines = source.read_text("utf-8").splitlines()
    row = json.loads(lines[5])
    lines[5] = json.dumps({**row, "text": row["text"] + " (edited)"})
    source.write_text("\n".join(lines), "utf-8")
    policy = auditor.Policy(add_classes=True)
    write_patch(Audit(run).patch(policy=policy), tmp_path / "patch.jsonl")
    words = ["apply", "patch.jsonl", source, "--drop-invalid"]
    code, out, _ = invoke(*words, "--to", "one/clean.jsonl")
    assert code == 0
    assert "2 changes not made, because they do not fit:" in out
    assert "1 × row gone: the row no longer exists" in out
    assert "boredom" in out
    code, out, _ = invoke(*words, "--to", "two/clean.jsonl", "--add-classes", "--json")
    told = json.loads(out)
    assert [one["why"] for one in told["unfit"]] == ["row gone"]
    record = json.loads((tmp_path / "two/clean.jsonl.export.json").read_text("utf-8"))
    assert record["patch"] == {name: told[name] for name in ("applied", "already", "unfit", "conflicts")}
    assert told["summary"]["new_classes"] == ["boredom"]


def test_ids_that_were_not_read_are_asked_for(invoke: Invoke, tmp_path: Path) -> None:
    frame = pd.concat([FRAME, FRAME]).assign(id=[f"tweet {row}" for row in range(10)])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    texts = auditor.read(frame, ReadConfig(id="id"))
    write_patch(make_patch(corrected(texts, vote(texts, 0, "relabel", "sad"))), tmp_path / "patch.jsonl")
    _, out, _ = invoke("apply", "patch.jsonl", "rows.csv", "--to", "one.csv")
    assert "1 × several rows" in out
    assert "--id" in out
    assert "If each row is one vote" in out
    assert "--annotator" in out
    _, out, _ = invoke("apply", "patch.jsonl", "rows.csv", "--id", "id", "--to", "two.csv")
    assert "1 change made" in out
    assert "--id" not in out
    assert "one vote" not in out


def test_conflicts_of_two_people_are_listed(invoke: Invoke, source: Path, patch: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(FRAME.to_csv(index=False).encode())
    texts = auditor.read(FRAME)
    other = corrected(texts, vote(texts, 0, "relabel", "anger", reviewer="bob"), vote(texts, 4, "exclude"))
    write_patch(make_patch(other), tmp_path / "other.jsonl")
    code, out, _ = invoke("apply", patch, "rows.csv", "--with", "other.jsonl", "--to", "clean.csv")
    assert code == 0
    assert "1 conflict between the patches; none of these changes was made:" in out
    assert "ann" in out
    assert "bob" in out
    assert pairs(tmp_path / "clean.csv") == [ROWS[0], ROWS[1], ROWS[3]]


def test_mistakes_are_told(invoke: Invoke, patch: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(FRAME.to_csv(index=False).encode())
    (tmp_path / "bad.jsonl").write_bytes(b"\x00")
    for words, said in [
        (["apply", "none.jsonl", "rows.csv"], "none.jsonl does not exist"),
        (["apply", "bad.jsonl", "rows.csv"], "bad.jsonl, line 1"),
        (["apply", "rows.csv", "rows.csv"], "rows.csv, line 1"),
        (["apply", patch, "none.csv"], "none.csv does not exist"),
        (["apply", patch, "rows.csv", "--format", "odd"], "--format is 'odd'"),
    ]:
        code, _, err = invoke(*words, "--to", "clean.csv")
        assert code in (2, 3, 8)
        assert said in err
    assert not (tmp_path / "clean.csv").exists()


# -- datasets of votes -------------------------------------------------------------------------------------------------

LONG = """text,label,rater,day
so glad,joy,ann,1
so glad,love,bob,2
so sad,sad,ann,1
so glad,joy,cid,3
so sad,sad,bob,2
hm,abstain,ann,1
well,joy,cid,1
"""
WIDE = """text,ann,bob,cid
so glad,joy,love,joy
so sad,sad,sad,
hm,abstain,,
well,,,joy
"""
NEWER = {
    "annotator": LONG.replace("text,", "day0,text,")
    .replace("\nso", "\n0,so")
    .replace("\nhm", "\n0,hm")
    .replace("\nwell", "\n0,well")
    + "0,so new,love,ann,4\n0,so sad,sad,cid,4\n",
    "votes": WIDE.replace("so sad,sad,sad,", "so new,love,,\nso sad,sad,sad,sad"),
}


@pytest.fixture(params=["annotator", "votes"])
def voted(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A patch of a dataset of votes, and how it was read: the label of *so sad* changes, *well* is left out."""
    how = {"annotator": {"annotator": "rater"}, "votes": {"votes": "ann,bob,cid"}}[request.param]
    (tmp_path / "votes.csv").write_text(LONG if request.param == "annotator" else WIDE)
    texts = auditor.read(tmp_path / "votes.csv", ReadConfig(**how))
    made = corrected(texts, vote(texts, 1, "relabel", "love"), vote(texts, 2, "exclude"))
    auditor.apply_patch(make_patch(made), tmp_path / "votes.csv", tmp_path / "right.csv", config=ReadConfig(**how))
    write_patch(make_patch(made), tmp_path / "patch.jsonl", reading=ReadConfig(**how).reading())
    write_patch(make_patch(made), tmp_path / "old.jsonl")
    return request.param, how


def test_votes_are_gathered_as_the_patch_says(
    invoke: Invoke, voted: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    kind, how = voted
    right = pd.read_csv(tmp_path / "right.csv", keep_default_na=False)
    assert right[["text", "label"]].to_numpy().tolist()[:2] == [["so glad", "joy"], ["so sad", "love"]]
    assert right["text"].tolist() == ["so glad", "so sad", "hm"]
    assert list(right) == (["text", "label"] if kind == "annotator" else ["text", "ann", "bob", "cid", "label"])
    code, out, err = invoke("apply", "patch.jsonl", "votes.csv", "--to", "clean.csv")
    assert (code, err) == (0, "")
    assert "2 changes made: 1 new label, 1 row left out." in out
    assert f"Read with the options of the patch: --{kind} {how[kind]}." in out
    assert (tmp_path / "clean.csv").read_bytes() == (tmp_path / "right.csv").read_bytes()
    code, out, _ = invoke("apply", "old.jsonl", "votes.csv", f"--{kind}", how[kind], "--to", "old.csv")
    assert "2 changes made" in out
    assert "Read with the options of the patch" not in out
    assert (tmp_path / "old.csv").read_bytes() == (tmp_path / "right.csv").read_bytes()


def test_a_newer_version_may_have_more_votes(invoke: Invoke, voted: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "newer.csv").write_text(NEWER[voted[0]])
    code, out, _ = invoke("apply", "patch.jsonl", "newer.csv", "--to", "clean.csv", "--json")
    told = json.loads(out)
    assert (code, told["applied"], told["unfit"]) == (0, 2, [])
    clean = pd.read_csv(tmp_path / "clean.csv", keep_default_na=False).set_index("text")["label"].to_dict()
    assert clean == {
        "so glad": "joy",
        "so sad": "love",
        "so new": "love",
        "hm": "abstain" if voted[0] == "annotator" else "",
    }


def test_a_majority_that_has_changed_is_told(invoke: Invoke, voted: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    newer = (tmp_path / "votes.csv").read_text() + (
        "so bad,sad,ann,1\n" if voted[0] == "annotator" else "so bad,sad,,\n"
    )
    newer = newer.replace("so sad,sad", "so sad,joy").replace("sad,joy,sad,", "sad,joy,joy,")
    (tmp_path / "newer.csv").write_text(newer)
    _, out, _ = invoke("apply", "patch.jsonl", "newer.csv", "--to", "clean.csv", "--json")
    told = json.loads(out)
    assert [(one["why"], one["now"]) for one in told["unfit"]] == [("label changed", "joy")]


def test_without_the_raters_it_says_how_to_name_them(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "votes.csv").write_text(LONG)
    texts = auditor.read(tmp_path / "votes.csv", ReadConfig(annotator="rater"))
    write_patch(make_patch(corrected(texts, vote(texts, 1, "relabel", "love"))), tmp_path / "patch.jsonl")
    _, out, _ = invoke("apply", "patch.jsonl", "votes.csv", "--to", "one.csv")
    assert "If each row is one vote" in out
    code, out, _ = invoke("apply", "patch.jsonl", "votes.csv", "--annotator", "rater", "--to", "two.csv")
    assert (code, "1 change made" in out) == (0, True)


def test_what_the_patch_names_may_be_gone(invoke: Invoke, tmp_path: Path) -> None:
    texts = auditor.read(FRAME)
    changes = make_patch(corrected(texts, vote(texts, 0, "relabel", "sad")))
    write_patch(changes, tmp_path / "patch.jsonl", reading={"id": "key", "delimiter": ","})
    write_patch(changes, tmp_path / "other.jsonl", reading={"id": "nr"})
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    code, _, err = invoke("apply", "patch.jsonl", "rows.csv", "--to", "clean.csv")
    assert code == 3
    assert "no column 'key'" in err
    assert "Read with the options of the patch: --delimiter ,, --id key." in err.replace("\n", " ")
    code, _, err = invoke("apply", "patch.jsonl", "rows.csv", "--with", "other.jsonl", "--to", "clean.csv")
    assert (code, "--id key and --id nr" in err) == (8, True)
    code, out, _ = invoke("apply", "patch.jsonl", "rows.csv", "--with", "other.jsonl", "--id", "", "--to", "clean.csv")
    assert (code, "1 change made" in out) == (0, True)


def test_the_patch_of_a_run_records_how_it_read(invoke: Invoke, tmp_path: Path) -> None:
    config = {"read": {"annotator": "rater", "encoding": "cp1252", "split": ["train"]}}
    write_run(tmp_path / "reports" / "runs" / "diary", config=config)
    assert invoke("patch", "diary", "--to", "patch.jsonl")[0] == 0
    said = json.loads((tmp_path / "patch.jsonl").read_text("utf-8").splitlines()[0])
    assert said == {"reading": {"annotator": "rater", "encoding": "cp1252"}}
