"""The run directory: stages done once, damage told, kills survived, one process at a time."""

from __future__ import annotations

import errno
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.errors import RunDamagedError, RunError, RunHeldError, RunMissingError, StorageError
from auditor.run import DEFAULT_PLACE, Make, Manifest, Reader, Run, check_finished, find_run
from auditor.run.artifacts import HEALTH, ISSUES, MAP, Table, neighbours
from auditor.storage import hash_file
from tests.disk import files_up_to


class Killed(BaseException):
    """Stands for SIGKILL: nothing that cleans up or reports catches it in time."""


def writer(**files: str) -> Make:
    """Make files ``<name>.txt`` with these contents."""

    def make(space: Path, read: Reader) -> None:
        for name, content in files.items():
            (space / f"{name}.txt").write_text(content)

    return make


def nested(space: Path, read: Reader) -> None:
    (space / "deep" / "er").mkdir(parents=True)
    (space / "deep" / "er" / "x.npy").write_text("x")


def never(space: Path, read: Reader) -> None:
    pytest.fail("the stage was run again")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of two stages, the second of which read what the first wrote."""
    run = Run(tmp_path / "run")
    with run.held():
        run.stage("first", writer(a="one", b="two"), parameters={"p": 1})
        run.stage("second", writer(c="three"), inputs=["a.txt"], parameters={"q": [1, 2]})
        run.record(finished=True)
    (run / "decisions.db").write_text("decisions")
    return run


# -- stages ---------------------------------------------------------------------------------------------------------


def test_a_stage_is_run_once(run: Run) -> None:
    for same in (run, Run(run.directory)):
        assert not same.stage("first", never, parameters={"p": 1})
        assert not same.stage("second", never, inputs=["a.txt"], parameters={"q": (1, 2)})
    assert not (run / ".work").exists()


def test_other_parameters_or_inputs_run_it_again(run: Run) -> None:
    assert run.stage("second", writer(c="four"), inputs=["a.txt"], parameters={"q": [2, 1]})
    assert run.stage("second", writer(c="five"), inputs=["a.txt", "b.txt"], parameters={"q": [2, 1]})
    assert run.open("c.txt").read_text() == "five"


def test_only_what_reads_a_changed_artifact_runs_again(run: Run) -> None:
    run.stage("first", writer(a="one", b="changed"), parameters={"p": 2})
    assert not run.stage("second", never, inputs=["a.txt"], parameters={"q": [1, 2]})
    run.stage("first", writer(a="changed", b="changed"), parameters={"p": 3})
    assert run.stage("second", writer(c="new"), inputs=["a.txt"], parameters={"q": [1, 2]})


def test_the_manifest_says_how_each_stage_was_done(run: Run) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    second = manifest["stages"]["second"]
    assert second["parameters"] == {"q": [1, 2]}
    assert second["inputs"] == {"a.txt": hash_file(run / "a.txt")}
    assert second["outputs"] == {"c.txt": hash_file(run / "c.txt")}
    assert second["seconds"] >= 0
    assert Manifest.model_validate(manifest) == run.manifest == Run(run.directory).manifest


def test_artifacts_may_lie_in_folders_and_partial_files_are_none(tmp_path: Path) -> None:
    def make(space: Path, read: Reader) -> None:
        nested(space, read)
        (space / "state.partial").write_text("half")
        (space / "worker.partial").mkdir()
        (space / "worker.partial" / "vectors.npy").write_text("moved elsewhere")

    run = Run(tmp_path)
    run.stage("one", make)
    assert list(run.manifest.stages["one"].outputs) == ["deep/er/x.npy"]
    assert not (tmp_path / "state.partial").exists()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep less of what is freed")
def test_a_stage_gives_back_the_memory_that_it_has_freed(run: Run) -> None:
    kept = list[bytes]()

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    def make(space: Path, read: Reader) -> None:
        pieces = [bytes(2_000) for _ in range(100_000)]
        kept.append(pieces[-1])  # the heap cannot shrink below it
        del pieces
        assert resident() > before + 150_000_000

    before = resident()
    with run.held():
        run.stage("wasteful", make)
    assert resident() < before + 50_000_000


def test_a_stage_that_fails_leaves_all_as_it_was(run: Run) -> None:
    def fail(space: Path, read: Reader) -> None:
        (space / "a.txt").write_text("half")
        raise ValueError("in the midst")

    before = contents(run.directory)
    with pytest.raises(ValueError, match="in the midst"), run.held():
        run.stage("first", fail, parameters={"p": 2})
    assert {**contents(run.directory), **before} == contents(run.directory)
    assert not Run(run.directory).stage("first", never, parameters={"p": 1})


def test_bytes_are_on_the_disk_before_they_get_their_name(tmp_path: Path) -> None:
    flushed: set[int] = set()
    renamed: list[str] = []
    replace = os.replace

    def named(source: Path, target: Path, **folders: Any) -> None:
        assert os.stat(source, dir_fd=folders.get("src_dir_fd")).st_ino in flushed
        renamed.append(Path(target).name)
        replace(source, target, **folders)

    with patch("os.fsync", lambda handle: flushed.add(os.fstat(handle).st_ino)), patch("os.replace", named):
        Run(tmp_path).stage("first", nested)
    assert renamed == ["manifest.json", "x.npy", "manifest.json"]
    for folder in (tmp_path, tmp_path / "deep", tmp_path / "deep" / "er"):  # and so are the names
        assert folder.stat().st_ino in flushed


@pytest.mark.parametrize("use", ["open", "load", "table"])
def test_a_stage_reads_what_it_has_declared_and_nothing_else(run: Run, use: str) -> None:
    run.stage("third", lambda space, read: MAP.save(space, np.zeros((2, 2), np.float32)))
    artifact = {"open": "b.txt", "load": MAP, "table": Table("a.parquet")}[use]

    def forget(space: Path, read: Reader) -> None:
        assert read.open("a.txt").read_text() == "one"
        assert not read.has(artifact)
        getattr(read, use)(artifact, *([["x"]] if use == "table" else []))

    with pytest.raises(LookupError, match=r"stage 'fourth' reads .*, which is not among its inputs"):
        run.stage("fourth", forget, inputs=["a.txt"])
    assert "fourth" not in run.manifest.stages


def test_what_a_later_version_has_written_into_a_manifest_stays(run: Run) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["of_the_future"] = manifest["stages"]["first"]["of_the_future"] = {"z": [1, None], "a": "é"}
    (run / "manifest.json").write_text(json.dumps(manifest))
    again = Run(run.directory)
    again.stage("third", writer(d="four"))
    written = json.loads((run / "manifest.json").read_text())
    assert written["stages"].pop("third")
    assert written == manifest
    again.record(finished=False)
    text = (run / "manifest.json").read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False)


@pytest.mark.parametrize(
    ("artifact", "content"),
    [(ISSUES, b"PAR1"), (MAP, b"\x93NUMPY"), (neighbours(), b"PK"), (HEALTH, b"{"), (HEALTH, b"[" * 100_000)],
)
def test_an_artifact_that_is_none_of_its_kind_is_damaged(tmp_path: Path, artifact: Any, content: bytes) -> None:
    run = Run(tmp_path)
    run.stage("one", lambda space, read: (space / artifact).write_bytes(content) and None)
    with pytest.raises(RunDamagedError, match=rf"{artifact.name} is damaged: ."):
        run.load(artifact)


def test_an_artifact_that_nobody_made(run: Run) -> None:
    with pytest.raises(RunMissingError, match=r"has no d\.txt"):
        run.stage("third", never, inputs=["d.txt"])


def test_a_resumable_stage_finds_what_it_had_done(tmp_path: Path) -> None:
    found = []

    def make(space: Path, read: Reader) -> None:
        found.append(sorted(path.name for path in space.iterdir()))
        (space / f"{len(found)}.partial").touch()
        if len(found) < 3:
            raise Killed
        (space / "whole.txt").write_text("whole")

    def attempt(**options: Any) -> None:
        run = Run(tmp_path)
        with run.held():
            run.stage("long", make, **options)

    for parameters in ({"p": 1}, {"p": 1}):
        with pytest.raises(Killed):
            attempt(parameters=parameters, resumable=True)
    attempt(parameters={"p": 1}, resumable=True)
    attempt(parameters={"p": 2}, resumable=True)
    assert found == [[], ["1.partial"], ["1.partial", "2.partial"], []]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "run.lock", "whole.txt"]


def test_a_stage_that_is_not_resumable_begins_in_an_empty_directory(tmp_path: Path) -> None:
    def die(space: Path, read: Reader) -> None:
        (space / "left.txt").touch()
        raise Killed

    with pytest.raises(Killed):
        Run(tmp_path).stage("one", die)
    Run(tmp_path).stage(
        "one", lambda space, read: (space / "files.txt").write_text(str(list(space.iterdir()))) and None
    )
    assert (tmp_path / "files.txt").read_text() == "[]"


# -- kills ----------------------------------------------------------------------------------------------------------


@contextmanager
def killed_at(step: int) -> Iterator[list[int]]:
    """Die instead of the given renaming, flushing or removing, counted from 1; the list grows with each."""
    steps: list[int] = []

    def dying(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            steps.append(len(steps) + 1)
            if len(steps) == step:
                raise Killed
            return function(*given, **named)

        return call

    with (
        patch("os.replace", dying(os.replace)),
        patch("os.fsync", dying(lambda handle: None)),
        patch("os.unlink", dying(os.unlink)),
    ):
        yield steps


def two_stages(directory: Path, p: int, q: int) -> None:
    """What a run of these parameters makes: ``a`` and ``b`` of p; ``c`` of ``a``, ``b`` and q."""
    run = Run(directory)

    def second(space: Path, read: Reader) -> None:
        content = [read.open(name).read_text() for name in ("a.txt", "b.txt")]
        (space / "c.txt").write_text(f"{content} {q}")

    run.stage("first", writer(a=f"a {p}", b=f"b {p}"), parameters={"p": p})
    run.stage("second", second, inputs=["a.txt", "b.txt"], parameters={"q": q})


def is_whole(directory: Path, p: int, q: int) -> bool:
    texts = {path.name: path.read_text() for path in directory.glob("*.txt")}
    return texts == {"a.txt": f"a {p}", "b.txt": f"b {p}", "c.txt": f"{[f'a {p}', f'b {p}']} {q}"}


@pytest.mark.parametrize("then", [1, 2])
def test_killed_at_any_step_whichever_parameters_are_asked_for_next(then: int, tmp_path: Path) -> None:
    step = 0
    while True:
        step += 1
        directory = tmp_path / str(step)
        two_stages(directory, 1, 1)
        with killed_at(step) as steps:
            try:
                two_stages(directory, 2, 2)
            except Killed:
                pass
            else:
                break
        two_stages(directory, then, then)
        assert is_whole(directory, then, then), f"killed at step {step}"
    assert len(steps) > 15


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 30)), max_size=6))
@example([(0, 0, 30), (1, 0, 7), (0, 0, 30)])
def test_killed_again_and_again(attempts: list[tuple[int, int, int]]) -> None:
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        for p, q, step in attempts:
            with killed_at(step):
                try:
                    two_stages(directory, p, q)
                except Killed:
                    continue
            assert is_whole(directory, p, q)
        with killed_at(0):
            two_stages(directory, 0, 1)
        assert is_whole(directory, 0, 1)


# -- damage ---------------------------------------------------------------------------------------------------------


def change(path: Path) -> None:
    path.write_text("tw0")


def truncate(path: Path) -> None:
    os.truncate(path, 1)


@pytest.mark.parametrize("damage", [change, truncate, Path.unlink])
def test_a_damaged_artifact_is_named_and_never_used(run: Run, damage: Callable[[Path], None]) -> None:
    damage(run / "a.txt")
    uses: list[Callable[[Run], object]] = [
        lambda run: run.open("a.txt"),
        lambda run: run.stage("first", never, parameters={"p": 1}),
        lambda run: run.stage("third", never, inputs=["a.txt"]),
    ]
    for use in uses:
        with pytest.raises(RunDamagedError, match=r"a\.txt is damaged") as caught:
            use(Run(run.directory))
        assert "--fresh" in caught.value.todo
    Run(run.directory).open("b.txt")


STAGE = {"key": "k", "parameters": {}, "inputs": {}, "outputs": {}, "seconds": 0.1, "peak_memory": None}


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"garbage",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"format": 1, "created": "now"',
        b"[" * 100_000,
        {"format": 2, "created": "now", "finished": True, "stages": {}},
        {"format": 1, "created": "now", "finished": True, "stages": []},
        {"format": 1, "created": "now", "finished": True, "stages": {"first": "done"}},
        {"format": 1, "created": "now", "finished": True, "stages": {"first": {**STAGE, "outputs": ["a.txt"]}}},
        {
            "format": 1,
            "created": "now",
            "finished": True,
            "stages": {"first": {**STAGE, "outputs": {"../../a.txt": "0"}}},
        },
        {
            "format": 1,
            "created": "now",
            "finished": True,
            "stages": {"first": {**STAGE, "outputs": {"/etc/passwd": "0"}}},
        },
        {"format": 1, "created": "now", "finished": True, "stages": {"first": {**STAGE, "outputs": {"a/./b": "0"}}}},
    ],
)
def test_a_damaged_manifest_is_named_and_fresh_starts_over(run: Run, manifest: bytes | dict[str, Any]) -> None:
    (run / "manifest.json").write_bytes(manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode())
    with pytest.raises(RunDamagedError, match=r"(?m)manifest\.json is damaged: .+\.$") as caught:
        Run(run.directory)
    assert caught.value.todo.startswith("Start over with --fresh")
    with pytest.raises(RunDamagedError):
        find_run(run.directory)
    fresh = Run(run.directory, fresh=True)
    with fresh.held():
        assert fresh.stage("first", writer(a="new"))
    assert Run(run.directory).open("a.txt").read_text() == "new"
    assert (run / "decisions.db").read_text() == "decisions"


def test_a_manifest_cut_short_anywhere(run: Run) -> None:
    whole = (run / "manifest.json").read_bytes()
    for length in range(len(whole)):
        (run / "manifest.json").write_bytes(whole[:length])
        with pytest.raises(RunDamagedError, match=r"manifest\.json is damaged"):
            Run(run.directory)


# -- what is no run, and starting over ------------------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", ["thesis.tex", ".hidden", "manifest.json"])
def test_a_directory_of_something_else_is_not_touched(name: str, fresh: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_text('{"name": "an app"}')
    with pytest.raises(RunError, match=r"is not a run: it contains files but no manifest|is damaged: format") as caught:
        Run(tmp_path, fresh=fresh)
    assert caught.value.todo == "Choose another directory with --out."
    assert contents(tmp_path) == {name: b'{"name": "an app"}'}


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_where_the_directory_should_be(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="cannot be written"), Run(tmp_path / place).held():
        pytest.fail("held")
    assert contents(tmp_path) == {"file": b"mine"}


def test_starting_over_removes_the_runs_files_alone(run: Run) -> None:
    (run / "notes.md").write_text("mine")
    (run / ".work").mkdir()
    (run / ".work" / "vectors.partial").touch()
    fresh = Run(run.directory, fresh=True)
    with fresh.held():
        assert set(contents(run.directory)) == {
            *("manifest.json", "run.lock", "run.holder"),
            *("decisions.db", "notes.md"),
        }
        assert fresh.manifest.stages == {}
        fresh.stage("first", writer(a="new"))
    with fresh.held():  # once is enough
        assert fresh.open("a.txt").read_text() == "new"


def test_killed_while_starting_over_it_is_still_a_run(run: Run) -> None:
    step = 0
    while True:
        step += 1
        with killed_at(step):
            try:
                with Run(run.directory, fresh=True).held():
                    break
            except Killed:
                pass
        again = Run(run.directory)
        if step > 2:  # the manifest was replaced
            assert again.manifest.stages == {}
    two_stages(run.directory, 1, 1)
    assert is_whole(run.directory, 1, 1)


# -- one process at a time ------------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from auditor.run import Run
with Run(Path(sys.argv[1])).held():
    print("held", flush=True)
    time.sleep(300)
"""


@pytest.mark.parametrize("fresh", [False, True])
def test_a_second_process_is_told_who_holds_the_run_until_that_is_killed(run: Run, fresh: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, run.directory], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == "held\n"
            before = contents(run.directory)
            second = Run(run.directory, fresh=fresh)
            with (
                pytest.raises(RunHeldError, match=f"is locked by process {holder.pid}, since 20") as caught,
                second.held(),
            ):
                pytest.fail("held twice")
            assert "Wait" in caught.value.todo
            assert contents(run.directory) == before
        finally:
            holder.send_signal(signal.SIGKILL)
    with second.held():
        pass


def test_what_happened_while_the_run_was_not_held_is_seen(run: Run) -> None:
    other = Run(run.directory)
    with other.held():
        other.stage("first", writer(a="other"), parameters={"p": 5})
    with run.held():
        assert not run.stage("first", never, parameters={"p": 5})
    change(run / "a.txt")
    with run.held(), pytest.raises(RunDamagedError):
        run.open("a.txt")


# -- a full disk ----------------------------------------------------------------------------------------------------


def plainly(path: Path) -> None:
    path.write_bytes(b"x" * 100_000)


def with_numpy(path: Path) -> None:
    np.save(path, np.zeros(100_000), allow_pickle=False)


def with_arrow(path: Path) -> None:
    pq.write_table(pa.table({"x": np.random.default_rng(0).random(100_000)}), path)


@pytest.mark.parametrize("write", [plainly, with_numpy, with_arrow])
def test_no_space_left_while_a_stage_writes(run: Run, write: Callable[[Path], None]) -> None:
    with (
        run.held(),
        files_up_to(10_000),
        pytest.raises(StorageError, match="cannot be written: ") as caught,
    ):
        run.stage("third", lambda space, read: write(space / "x.npy"))
    assert str(run.directory) in caught.value.what
    assert caught.value.todo.startswith("Free some disk space")
    again = Run(run.directory)
    assert again.stage("third", lambda space, read: write(space / "x.npy"))
    assert again.open("x.npy").stat().st_size >= 100_000


@pytest.mark.parametrize("room", range(8))
def test_no_space_left_at_any_flush(room: int, tmp_path: Path) -> None:
    flushes = [None] * room + [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))]
    with (
        patch("os.fsync", side_effect=flushes),
        pytest.raises(StorageError, match="cannot be written: No space left on device") as caught,
    ):
        two_stages(tmp_path, 1, 1)
    assert str(tmp_path) in caught.value.what
    assert "continues from here" in caught.value.todo
    two_stages(tmp_path, 1, 1)
    assert is_whole(tmp_path, 1, 1)


def test_what_was_not_written_down_was_not_done(tmp_path: Path) -> None:
    run = Run(tmp_path)
    refused = patch("os.replace", side_effect=OSError(errno.EDQUOT, "Disk quota exceeded", ".manifest.json.partial"))
    with pytest.raises(StorageError, match=r"/manifest\.json cannot be written"), refused:
        run.record(finished=True)
    assert not run.manifest.finished


# -- finding a run --------------------------------------------------------------------------------------------------


@pytest.fixture
def there(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The usual place of runs, with ``tweets`` (finished), ``half`` (not) and a folder that is no run."""
    monkeypatch.chdir(tmp_path)
    DEFAULT_PLACE.mkdir(parents=True)
    os.rename(run.directory, DEFAULT_PLACE / "tweets")
    Run(DEFAULT_PLACE / "half").stage("first", writer(a="x"))
    (DEFAULT_PLACE / "other").mkdir()
    return DEFAULT_PLACE


def test_a_run_is_found_by_its_name_and_by_its_path(there: Path, tmp_path: Path) -> None:
    for name in ("tweets", there / "tweets", str(tmp_path / there / "tweets"), "../runs/tweets", "half/../tweets"):
        assert find_run(name).open("a.txt").read_text() == "one"


def test_an_unfinished_run_is_not_opened(there: Path) -> None:
    with pytest.raises(RunMissingError, match=r"half is not finished") as caught:
        find_run("half")
    assert "auditor run" in caught.value.todo
    Run(there / "half").record(ranked=True)
    with pytest.raises(RunMissingError, match=r"half is not finished"):
        check_finished(find_run("half"))


@pytest.mark.parametrize("name", ["tweet", "other", "../tweets", "..", ".", "", "/", "a\0b", "x" * 300, "😀"])
def test_a_name_without_a_run_lists_those_there_are(there: Path, name: str) -> None:
    with pytest.raises(RunMissingError, match="There is no run") as caught:
        find_run(name)
    assert caught.value.todo == "Choose from half, tweets."


def test_where_there_are_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunMissingError) as caught:
        find_run("tweets")
    assert caught.value.todo == "Create a run with `auditor run FILE`."
