"""A run whose decision log is broken, missing, or not ours to write to: each command works, or says why it does not."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from auditor.review.log.identity import run_id
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.run import find_run
from tests.review.reviewing import decision
from tests.review.runs import write_run
from tests.users import nobody

pytestmark = pytest.mark.usefixtures("no_pictures")

Invoke = Callable[..., tuple[int, str, str]]
Words = tuple[object, ...]

READS: dict[str, Words] = {
    "issues": ("--top", "3"),
    "export": ("--to", "clean.csv"),
    "export --filter split=train": ("--to", "clean.csv"),
    "patch": ("--to", "patch.jsonl"),
    "push": ("ann/emotions", "--dry-run", "--to", "card"),
    "log export": ("decisions.jsonl",),
}
"""Commands that read a run and write elsewhere, and the words that follow the run."""
WRITES: dict[str, tuple[Words, int]] = {
    "report": ((), 6),
    "review": (("--no-open",), 7),
    "log import": (("received.jsonl",), 7),
    "retrain": (("--models", "lexical"), 6),
}
"""Commands that write into the run, and their exit code where they may not."""
WITHOUT_THE_LOG = {"issues": 0, "report": 0}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = write_run(tmp_path_factory.mktemp("judged") / "tweets", rows=60, models=("lexical",))
    items = Items.of(run)
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        made = decision(items, 1, "ann", "relabel", items.label(items.suggested[1]), run_id=log.run_id)
        log.append([made, decision(items, 2, "bob", "exclude", run_id=log.run_id)])
    return run.directory


@pytest.fixture
def received(judged: Path, tmp_path: Path) -> Path:
    (tmp_path / "received.jsonl").write_text("")
    return Path(shutil.copytree(judged, tmp_path / "tweets"))


def command(name: str, run: Path, words: Words) -> Words:
    verb, _, options = name.partition(" --")
    return (*verb.split(), run, *words, *(f"--{options}".split() if options else ()))


@pytest.mark.parametrize("name", [*READS, *WRITES])
def test_a_broken_log_is_refused_in_two_lines(name: str, received: Path, invoke: Invoke) -> None:
    with closing(sqlite3.connect(received / "decisions.db")) as other:
        trigger = other.execute("SELECT sql FROM sqlite_master WHERE name = 'events_no_update'").fetchone()[0]
        broken = "DROP TRIGGER events_no_update; UPDATE events SET verdict = 'perhaps' WHERE seq = 2"
        other.executescript(f"{broken}; {trigger}")
    words = READS.get(name) or WRITES[name][0]
    code, _, err = invoke(*command(name, received, words))
    assert code == WITHOUT_THE_LOG.get(name, 7), err
    if name not in WITHOUT_THE_LOG:
        what, todo = err.strip().splitlines()
        assert f"{received / 'decisions.db'} cannot be read: table events, run 1, seq 2, column verdict: " in what
        assert "found 'perhaps'" in what
        assert "auditor log export" in todo
    if name == "report":
        assert "cannot be read: table events" in (received / "report.html").read_text("utf-8")


@pytest.mark.parametrize("name", [*READS, "report"])
def test_what_only_reads_makes_no_log(name: str, received: Path, invoke: Invoke) -> None:
    (received / "decisions.db").unlink()
    words = READS.get(name, ())
    code, _, err = invoke(*command(name, received, words))
    assert code == 0, err
    assert not (received / "decisions.db").exists()


@pytest.mark.parametrize("name", ["export", "patch", "push"])
def test_what_is_refused_makes_no_log(name: str, received: Path, invoke: Invoke, tmp_path: Path) -> None:
    (received / "decisions.db").unlink()
    to = tmp_path / str(READS[name][-1])
    to.mkdir()
    (to / "mine.txt").write_text("mine")
    code, _, err = invoke(*command(name, received, READS[name]))
    assert code == 8
    assert len(err.strip().splitlines()) == 2
    for option in ("--filter=nonsense=1", "--reviewer="):
        invoke(*command(name, received, (*READS[name], option)))
    assert not (received / "decisions.db").exists()
    assert os.listdir(to) == ["mine.txt"]


def test_a_log_whose_run_has_lost_its_id_is_not_taken_for_an_empty_one(received: Path, invoke: Invoke) -> None:
    (received / "run.id").unlink()
    for name in ("export", "patch", "log export"):
        code, _, err = invoke(*command(name, received, READS[name]))
        assert code == 5
        assert "run.id is missing: it holds the id by which the decision log identifies the run" in err
    assert not (received / "run.id").exists()


# -- runs of others -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["judged", "unjudged", "never opened"])
def of_another(
    request: pytest.FixtureRequest, judged: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A run that belongs to somebody else, and may only be read, beside a folder of our own, where we are."""
    home = Path(tempfile.mkdtemp(prefix="auditor-of-another-"))  # pytest's own folders are closed to others
    home.chmod(0o755)
    run, ours = Path(shutil.copytree(judged, home / "tweets")), home / "ours"
    ours.mkdir()
    ours.chmod(0o777)
    (ours / "received.jsonl").write_text("")
    if request.param != "judged":
        (run / "decisions.db").unlink()
    if request.param == "never opened":
        (run / "run.id").unlink()
        (run / "run.id.lock").unlink()
    try:
        for path in (*run.rglob("*"), run):
            path.chmod(0o555 if path.is_dir() else 0o444)
        monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(ours / "token"))  # root's is closed
        with nobody():
            yield run
    finally:
        monkeypatch.chdir("/")
        for path in (run, *run.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(home)


def test_reading_a_run_of_another_user(of_another: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(os.listdir(of_another))
    monkeypatch.chdir(of_another.parent / "ours")
    for name, words in READS.items():
        code, _, err = invoke(*command(name, of_another, words), *(["--force"] if name.startswith("export --") else []))
        assert (code, err) == (0, ""), (name, err)
    assert ("relabel" in Path("patch.jsonl").read_text()) == ("decisions.db" in before)
    code, out, _ = invoke("runs", "--in", of_another.parent)
    assert code == 0
    assert "tweets" in out
    for name, (words, expected) in WRITES.items():
        code, _, err = invoke(*command(name, of_another, words))
        assert (code, len(err.strip().splitlines())) == (expected, 2), (name, err)
    assert sorted(os.listdir(of_another)) == before


def test_the_same_in_python(of_another: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import auditor

    monkeypatch.chdir(of_another.parent / "ours")
    for force in (False, True):  # the second time, the file is known as one of the same run
        written = auditor.export(find_run(of_another), "clean.csv", force=force)
    assert written.summary.judged == 2 * (of_another / "decisions.db").exists()
