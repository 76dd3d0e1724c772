"""A run directory that somebody has sent: no command reads or writes through it what lies outside of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from auditor import Audit
from auditor.errors import RunDamagedError, RunError
from auditor.report.write import write_report
from auditor.review.log.log import DecisionLog, run_id
from auditor.run import Run, find_run
from tests.review.events import decide
from tests.review.runs import write_run
from tests.users import nobody

pytestmark = pytest.mark.usefixtures("no_pictures")

Invoke = Callable[..., tuple[int, str, str]]
Contents = dict[str, bytes | str]

NAMES = (
    *("manifest.json", "run.lock", "run.holder", "run.id", "run.id.lock", "report.html", "report.html.partial"),
    *("decisions.db", "decisions.db-wal", "decisions.db-shm", "decisions.db-journal"),
    *("figures", "figures/confusions.png", "figures/map.png.partial", ".work", ".work/encode-0123456789ab"),
    *(".work/encode-0123456789ab/unique.partial", ".work/encode-0123456789ab/progress.partial"),
    *("dataset.parquet", "issues.parquet", "health.json", "probabilities", "probabilities/consensus.npy"),
    *("model", "model/lexical", "model/lexical/auditor.json", "retrain", "retrain/comparison.json", "dynamics"),
    *(".report.html.0123456789abcdef.partial", "manifest.json.partial", "notes.md"),
)
"""Names of ours, whether a run has them or may get them; and one that is not."""

COMMANDS: dict[str, tuple[str, tuple[object, ...]]] = {
    "issues": ("issues.parquet", ()),
    "report": ("report.html", ()),
    "review": ("decisions.db", ("--no-open",)),
    "log export": ("decisions.db-journal", ("decisions.jsonl",)),
    "log import": ("run.id", ("received.jsonl",)),
    "export": ("probabilities", ("--to", "clean.csv")),
    "patch": ("run.id.lock", ("--to", "patch.jsonl")),
    "push": ("decisions.db-wal", ("ann/emotions", "--dry-run", "--to", "card")),
    "retrain": ("retrain", ("--models", "lexical")),
    "predict": ("model", ("so glad",)),
    "run tweets.csv --quiet --out": ("run.lock", ()),
    "run tweets.csv --quiet --fresh --out": (".work", ()),
}
"""What each command would touch, and the words that follow the run."""


def link_to_file(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "precious.pth")


def link_to_folder(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def dangling_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "new.pth")


def pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


KINDS = (link_to_file, link_to_folder, dangling_link, pipe)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a decision, a report and a log's name."""
    run = write_run(tmp_path_factory.mktemp("sent") / "tweets", rows=60, models=("lexical",))
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        log.append([decide("train-1", run_id=run_id(run))])
    write_report(run.directory)
    return run.directory


@pytest.fixture
def received(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "tweets"))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious.pth").write_bytes(b"mine\n")
    return folder


def contents(folder: Path) -> Contents:
    """Of files that are there; what else is, is named."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() and not path.is_symlink() else "else"
        for path in folder.rglob("*")
    }


def put(run: Path, name: str, kind: Callable[[Path, Path], None], outside: Path) -> Path:
    """Put something in the place of a file or folder of a run."""
    path = run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    kind(path, outside)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_plain_file_or_folder_is_refused(
    kind: Callable[[Path, Path], None], whole: Path, outside: Path, tmp_path: Path
) -> None:
    for number, name in enumerate(NAMES):
        run = Path(shutil.copytree(whole, tmp_path / str(number)))
        path = put(run, name, kind, outside)
        before = contents(tmp_path)
        for use in (Run, find_run, write_report, partial(Run, fresh=True)):
            with pytest.raises(
                RunDamagedError, match=f"is a {'named pipe' if kind is pipe else 'symbolic link'}"
            ) as no:
                use(run)
            assert no.value.what.startswith(f"{path} ")
            assert "do not trust it" in no.value.todo
        assert contents(tmp_path) == before
        shutil.rmtree(run)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_in_two_lines(
    command: str, whole: Path, outside: Path, invoke: Invoke, tmp_path: Path
) -> None:
    (tmp_path / "received.jsonl").write_text("")
    (tmp_path / "tweets.csv").write_text("text,label\n" + "so glad,joy\nso sad,sadness\n" * 9)
    touched, words = COMMANDS[command]
    for name, kind in ((touched, link_to_file), (touched, link_to_folder), ("manifest.json", pipe)):
        run = Path(shutil.copytree(whole, tmp_path / "tweets"))
        path = put(run, name, kind, outside)
        before = contents(tmp_path)
        code, out, err = invoke(*command.split(), run, *words)
        what, todo = err.strip().splitlines()
        assert (code, out) == (5, "")
        assert f"Error: {path} " in what
        assert "do not trust it" in todo
        assert contents(tmp_path) == before
        shutil.rmtree(run)


def test_what_is_no_run_is_not_looked_through(tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(tmp_path)
    with pytest.raises(RunError, match="is not a run"):
        Run(tmp_path)


@pytest.mark.parametrize(
    "name", ["run.lock", "run.id.lock", "decisions.db", "decisions.db-journal", ".work/a/b.partial"]
)
def test_a_second_name_of_another_file_is_not_written_to(
    name: str, received: Path, outside: Path, invoke: Invoke
) -> None:
    path = put(received, name, lambda path, outside: path.hardlink_to(outside / "precious.pth"), outside)
    for command in ("report", "issues"):
        code, _, err = invoke(command, received)
        assert code == 5
        assert f"{path} has a second name elsewhere" in err
    assert contents(outside) == {"precious.pth": b"mine\n"}


def test_second_names_of_files_that_are_replaced_do_no_harm(received: Path, outside: Path, invoke: Invoke) -> None:
    for name in ("report.html", "run.holder", "figures/confusions.png"):
        put(received, name, lambda path, outside: path.hardlink_to(outside / "precious.pth"), outside)
    assert invoke("report", received)[0] == 0
    assert contents(outside) == {"precious.pth": b"mine\n"}


def test_a_run_may_be_reached_through_a_link(received: Path, invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(received)
    for words in (("issues", "link"), ("report", "link"), ("log", "export", "link", "decisions.jsonl")):
        assert invoke(*words)[0] == 0
    assert (tmp_path / "decisions.jsonl").read_bytes().count(b"\n") == 1


def test_an_export_replaces_a_link_and_not_what_it_leads_to(
    received: Path, outside: Path, invoke: Invoke, tmp_path: Path
) -> None:
    for words in (
        ("log", "export", received, "link.jsonl"),
        ("export", received, "--to", "link.csv", "--force"),
    ):
        link = tmp_path / str(words[3 if words[0] == "export" else -1])
        link.symlink_to(outside / "precious.pth")
        code, _, err = invoke(*words)
        assert code == 0, err
        assert not link.is_symlink()
        assert link.stat().st_size
    assert contents(outside) == {"precious.pth": b"mine\n"}


def test_what_an_exports_folder_holds_leads_nowhere(
    received: Path, outside: Path, invoke: Invoke, tmp_path: Path
) -> None:
    (tmp_path / ".clean.csv.01234567.partial").symlink_to(outside)
    (tmp_path / ".clean.csv.before-export").symlink_to(outside)
    (tmp_path / ".split.01234567.partial").symlink_to(outside)
    (tmp_path / ".split.before-export").symlink_to(outside)
    os.mkfifo(tmp_path / "clean.csv.export.json")
    assert invoke("export", received, "--to", "clean.csv")[0] != 0
    os.unlink(tmp_path / "clean.csv.export.json")
    assert invoke("export", received, "--to", "clean.csv")[0] == 0
    (tmp_path / "empty").mkdir()
    (tmp_path / "split").symlink_to(tmp_path / "empty")
    assert invoke("export", received, "--to", "split", "--format", "csv")[0] == 0
    assert not (tmp_path / "split").is_symlink()
    assert contents(outside) == {"precious.pth": b"mine\n"}


def test_a_name_in_the_manifest_leads_nowhere_either(received: Path, outside: Path) -> None:
    manifest = (received / "manifest.json").read_text()
    for name in ("../outside/precious.pth", f"{outside}/precious.pth", "probabilities/../../outside/precious.pth"):
        (received / "manifest.json").write_text(manifest.replace("dataset.parquet", name))
        with pytest.raises(RunDamagedError, match=r"manifest\.json is damaged"):
            Run(received)


# -- what is left, and what cannot be written -----------------------------------------------------------------------


def test_what_killed_processes_have_left_is_removed_and_is_no_artifact(received: Path, tmp_path: Path) -> None:
    left = [".manifest.json.0123456789abcdef.partial", "figures/.map.png.0123456789abcdef.partial"]
    for name in left:
        (received / name).write_text("half")
    before = find_run(received).manifest
    with Run(received).held():
        assert not [name for name in left if (received / name).exists()]
    assert find_run(received).manifest == before
    new = tmp_path / "new"
    new.mkdir()
    (new / left[0]).write_text("half")
    with Run(new).held():
        assert sorted(os.listdir(new)) == ["run.holder", "run.lock"]


@contextmanager
def of_another_user(whole: Path) -> Iterator[Path]:
    """A copy of a run that belongs to somebody else, and may only be read."""
    home = Path(tempfile.mkdtemp(prefix="auditor-of-another-"))  # pytest's own folders are closed to others
    home.chmod(0o755)
    run = Path(shutil.copytree(whole, home / "tweets"))
    try:
        for path in (*run.rglob("*"), run):
            path.chmod(0o555 if path.is_dir() else 0o444)
        with nobody():
            yield run
    finally:
        for path in (run, *run.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(home)


def test_a_run_of_another_user_can_be_read_and_what_cannot_is_told(whole: Path, invoke: Invoke) -> None:
    assert invoke("issues", whole)[0] == 0  # all that is needed is imported now
    with of_another_user(whole) as run:
        assert invoke("issues", run)[0] == 0
        code, _, err = invoke("report", run)
        assert code == 6
        assert len(err.strip().splitlines()) == 2
        assert len(Audit(run).decisions()) == 1


@pytest.mark.parametrize("name", ["manifest.json", "issues.parquet", "figures"])
def test_what_may_not_be_read_is_told(name: str, whole: Path, invoke: Invoke) -> None:
    with of_another_user(whole) as run:
        os.seteuid(0) if os.getuid() == 0 else None
        (run / name).chmod(0)
        os.seteuid(65534) if os.getuid() == 0 else None
        code, out, err = invoke("issues", run)
    assert (code, out) == (5, "")
    assert f"{run / name} cannot be read: Permission denied" in err
    assert len(err.strip().splitlines()) == 2
