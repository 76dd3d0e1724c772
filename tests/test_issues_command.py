"""`auditor issues`: how many rows there are to read again, which of those shown are not flagged, and files of them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from auditor.api import Audit
from auditor.review.view.items import Items
from auditor.run import Run, find_run
from auditor.storage import hash_file
from tests.disk import files_up_to
from tests.evaluation.judged import judge
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("made") / "diary", rows=160)


@pytest.fixture
def table(made: Run, tmp_path: Path) -> pa.Table:
    """The issues of a run under the usual name, by rank."""
    copied = shutil.copytree(made.directory, tmp_path / "reports" / "runs" / "diary")
    return pq.read_table(copied / "issues.parquet").sort_by("rank")


def replaced(folder: Path, table: pa.Table) -> None:
    """Put another table of issues into a run, as if the audit had found that."""
    run = Run(folder / "reports" / "runs" / "diary")
    pq.write_table(table, run / "issues.parquet")
    stages = run.manifest.stages
    for stage in stages.values():
        if "issues.parquet" in stage.outputs:
            stage.outputs["issues.parquet"] = hash_file(run / "issues.parquet")
    run.record(stages=stages)


def flagged(table: pa.Table) -> int:
    return int(pc.sum(table["is_issue"]).as_py())


def test_it_says_how_many_there_are(invoke: Invoke, table: pa.Table) -> None:
    number = flagged(table)
    code, out, err = invoke("issues", "diary")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"20 of {number} rows to read again, most suspect first."
    assert out.count("suspicion") == 20
    assert "not flagged" not in out
    assert invoke("issues", "diary", "--top", 1)[1].startswith(f"1 of {number} rows to read again")


def test_it_says_that_models_are_still_being_trained(invoke: Invoke, table: pa.Table) -> None:
    Run(Path("reports/runs/diary")).record(finished=False, ranked=True)
    code, out, _ = invoke("issues", "diary")
    assert code == 0
    first, second = out.splitlines()[:2]
    assert first.startswith("The run is not finished. So far, its ranking rests on these models: ")
    assert second == f"20 of {flagged(table)} rows to read again, most suspect first."
    assert len(json.loads(invoke("issues", "diary", "--json")[1])) == 20


def test_rows_that_are_not_flagged_are_named_so(invoke: Invoke, table: pa.Table) -> None:
    number = flagged(table)
    for top in (number + 1, len(table), len(table) + 1):
        _, out, _ = invoke("issues", "diary", "--top", top)
        shown = table.slice(0, top)
        others = len(shown) - flagged(shown)
        unjudged = shown["suspicion"].null_count
        assert (out.count(" · not flagged · "), out.count(" · not judged · ")) == (others - unjudged, unjudged)
        assert f"Of the {len(shown)} rows shown, {others} {'is' if others == 1 else 'are'} not flagged." in out
    assert out.startswith(f"{number} rows to read again, most suspect first.")


def test_verdicts_are_shown_and_the_ranking_stays(invoke: Invoke, table: pa.Table) -> None:
    before = invoke("issues", "diary", "--top", 5, "--json")[1]
    run = find_run("diary")
    ids = Items.of(run).ids
    first, second, third = (ids.index(name) for name in table["id"].to_pylist()[:3])
    judge(run, {first: ("keep",), second: ("relabel", "joy" if table["given_label"][1].as_py() != "joy" else "love")})
    judge(run, {third: ("none_fits", "awe")}, event_id="undone")
    with Audit(run).log() as log:
        log.undo("ann", "undo-1")
    for order in ("static", "learnt"):
        code, out, _ = invoke("issues", "diary", "--top", 160, "--order", order)
        assert code == 0
        assert "Of those shown, 2 are already judged." in out
        assert out.count("    judged: ") == 2
        assert "    judged: keep by ann\n" in out
        assert "    judged: relabel → " in out
    assert invoke("issues", "diary", "--top", 5, "--json")[1] == before
    (run / "decisions.db").write_bytes(b"damaged")
    code, out, _ = invoke("issues", "diary")
    assert (code, out.count("suspicion")) == (0, 20)
    assert "judged: " not in out


def test_where_none_is_flagged_none_is_shown(invoke: Invoke, table: pa.Table, tmp_path: Path) -> None:
    none = pa.array([False] * len(table))
    replaced(tmp_path, table.set_column(table.column_names.index("is_issue"), "is_issue", none))
    code, out, _ = invoke("issues", "diary")
    assert code == 0
    assert out == "No row to read again: none of 160 rows is flagged. --top 20 shows the first of them.\n"
    assert json.loads(invoke("issues", "diary", "--json")[1]) == []
    _, out, _ = invoke("issues", "diary", "--top", 3)
    first = out.splitlines()[0]
    assert first == "No row to read again: none of 160 rows is flagged. Shown: the first 3 of the ranking."
    assert out.count(" · not flagged · ") == 3


def test_a_filter_counts_the_rows_that_match(invoke: Invoke, table: pa.Table) -> None:
    rows = table.filter(pc.equal(table["kind"], "mislabelled"))
    number = flagged(rows)
    _, out, _ = invoke("issues", "diary", "--kind", "mislabelled", "--top", 500)
    assert out.startswith(f"{number} matching rows to read again, most suspect first.")
    assert out.count("suspicion") == len(rows)
    told = json.loads(invoke("issues", "diary", "--kind", "mislabelled", "--top", 500, "--json")[1])
    assert [row["id"] for row in told] == rows["id"].to_pylist()


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv", "tsv", "parquet", "JSON"])
def test_a_file_of_all_rows_to_read_again(invoke: Invoke, table: pa.Table, tmp_path: Path, ending: str) -> None:
    wanted = table.filter(table["is_issue"])["id"].to_pylist()
    path = tmp_path / f"again.{ending}"
    code, out, _ = invoke("issues", "diary", "--to", path.name)
    assert code == 0
    assert out == f"{len(wanted)} rows to read again, most suspect first. Written: {path.name}\n"
    assert ids_in(path) == wanted
    code, _, err = invoke("issues", "diary", "--to", path.name)
    assert code == 8
    assert "already exists" in err
    assert invoke("issues", "diary", "--to", path.name, "--force", "--top", 2)[0] == 0
    assert ids_in(path) == wanted[:2]
    assert {entry.name for entry in tmp_path.iterdir()} == {"reports", path.name}


def ids_in(path: Path) -> list[str]:
    ending = path.suffix.lower()
    if ending == ".parquet":
        return list(pq.read_table(path)["id"].to_pylist())
    text = path.read_text("utf-8-sig")
    if ending == ".json":
        return [row["id"] for row in json.loads(text)]
    if ending == ".jsonl":
        return [json.loads(line)["id"] for line in text.splitlines()]
    return [row["id"] for row in csv.DictReader(text.splitlines(True), delimiter="\t" if ending == ".tsv" else ",")]


@pytest.mark.parametrize("name", ["x.xyz", "x", "x.xlsx", "x.json.gz", "x.json.", "folder.json"])
def test_what_is_no_file_of_a_known_format_is_refused(
    invoke: Invoke, table: pa.Table, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder.json").mkdir()
    code, out, err = invoke("issues", "diary", "--to", name, "--force")
    assert (code, out) == (8, "")
    assert "\n→ " in err
    assert {entry.name for entry in tmp_path.iterdir()} == {"reports", "folder.json"}


def test_a_full_disk_leaves_what_was_there(invoke: Invoke, table: pa.Table, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("mine")
    with files_up_to(100):
        code, _, err = invoke("issues", "diary", "--to", "x.json", "--force")
    assert code == 6
    assert "cannot be written" in err
    assert (tmp_path / "x.json").read_text() == "mine"


def test_a_damaged_table_is_told(invoke: Invoke, table: pa.Table, tmp_path: Path) -> None:
    for broken in (table.drop_columns(["rank"]), table.drop_columns(["is_issue"])):
        replaced(tmp_path, broken)
        code, out, err = invoke("issues", "diary")
        assert (code, out) == (5, "")
        assert "is damaged: it has no column" in err


def test_json_is_inert_and_strict(invoke: Invoke, table: pa.Table, tmp_path: Path) -> None:
    texts = pa.array(["\x1b[31m \x9b31m \u202e café"] * len(table))
    odd = table.set_column(table.column_names.index("text"), "text", texts)
    numbers = pa.array([float("nan")] * len(table), pa.float32())
    odd = odd.set_column(table.column_names.index("stability"), "stability", numbers)
    replaced(tmp_path, odd)
    _, out, _ = invoke("issues", "diary", "--json")
    assert not {"\x1b", "\x9b", "\u202e"} & {*out}
    assert "café" in out
    row = json.loads(out)[0]
    assert row["text"] == texts[0].as_py()
    assert row["stability"] is None
