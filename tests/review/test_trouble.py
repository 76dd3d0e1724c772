"""What happens to the log from outside: every trouble is told in plain words, and harms nothing that was saved."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from auditor.errors import LogError
from auditor.review.log.log import DecisionLog
from tests.disk import files_up_to
from tests.review.events import RUN, bulk, decide, stands
from tests.users import nobody

Open = Callable[..., DecisionLog]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.db"


@pytest.fixture
def log(path: Path) -> Iterator[DecisionLog]:
    log = DecisionLog(path, RUN, patience=0.2)
    log.append([decide("1")])
    yield log
    log.close()


def refusal(place: Path | str) -> LogError:
    with pytest.raises(LogError) as refused:
        DecisionLog(place, RUN, patience=0.2).close()
    assert refused.value.todo
    assert "\n" not in refused.value.what
    return refused.value


# -- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"so glad;joy\n" * 1_000, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_something_else_than_a_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert f"{path} is not an SQLite database" in refusal(path).what
    assert path.read_bytes() == content


def test_a_folder_and_a_missing_folder(tmp_path: Path) -> None:
    assert "cannot be opened" in refusal(tmp_path).what
    assert "cannot be opened" in refusal(tmp_path / "missing" / "decisions.db").what


def test_a_damaged_log(log: DecisionLog, path: Path) -> None:
    log.append([decide(str(number)) for number in range(500)])
    log.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 8192))
    with pytest.raises(LogError, match="is damaged"):
        DecisionLog(path, RUN).append([decide("new")])


def test_a_log_that_may_only_be_read() -> None:
    folder = Path(tempfile.mkdtemp(prefix="auditor-read-only-"))  # pytest's folders are closed to others
    try:
        with closing(DecisionLog(folder / "decisions.db", RUN)) as log:
            log.append([decide("1")])
        (folder / "decisions.db").chmod(0o444)
        folder.chmod(0o555)
        with nobody():
            for run, expected in ((RUN, {("1", "ann"): "keep"}), ("run-2", {})):
                with closing(DecisionLog(folder / "decisions.db", run, read_only=True)) as log:
                    assert stands(log) == expected
                    with pytest.raises(LogError, match=r"decisions\.db cannot be written to"):
                        log.append([decide("2", run_id=run)])
            with closing(DecisionLog(folder / "new.db", RUN, read_only=True)) as log:
                assert stands(log) == {}
            for name in ("decisions.db", "new.db"):
                error = refusal(folder / name)
                assert f"{name} cannot be written to: the file or its folder is read-only" in error.what
                assert "copy the run to where you have it" in error.todo
            assert os.listdir(folder) == ["decisions.db"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_log_that_is_only_read_is_empty_and_stays_missing(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    with closing(DecisionLog(path, RUN, read_only=True)) as log:
        assert (stands(log), list(log.all_events()), log.reviewers(), log.changes(0).seq) == ({}, [], [], 0)
    assert [one.read_bytes() for one in path.parent.iterdir()] == ([] if content is None else [content])


def test_a_journal_that_names_another_file_does_not_have_it_removed(log: DecisionLog, path: Path) -> None:
    log.close()
    precious = path.with_name("precious")
    precious.write_text("mine")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:  # killed in the middle of a transaction
        other.executescript("PRAGMA cache_size = 1; BEGIN; INSERT INTO selections VALUES (1, 'x', '');")
        other.executemany("INSERT INTO selections VALUES (1, ?, ?)", [(str(n), "x" * 900) for n in range(200)])
        journal, half = Path(f"{path}-journal").read_bytes(), path.read_bytes()
        other.execute("ROLLBACK")
    path.write_bytes(half)
    name = str(precious).encode()
    page = (2**30 // 4096 + 1).to_bytes(4, "big")
    about = [number.to_bytes(4, "big") for number in (len(name), sum(name))]
    Path(f"{path}-journal").write_bytes(b"".join([journal, page, name, *about, bytes.fromhex("d9d505f920a163d7")]))
    assert "decisions.db-journal cannot be opened: it names another file" in refusal(path).what
    assert precious.read_text() == "mine"
    Path(f"{path}-journal").write_bytes(journal)
    with closing(DecisionLog(path, RUN)) as log:
        assert stands(log) == {("1", "ann"): "keep"}


@pytest.mark.parametrize("beside", ["", "-journal", "-wal", "-shm"])
def test_a_file_that_leads_elsewhere_is_not_opened(beside: str, tmp_path: Path) -> None:
    outside, path = tmp_path / "outside", tmp_path / f"decisions.db{beside}"
    outside.write_bytes(b"mine")
    makes: list[Callable[[], None]] = [
        lambda: path.symlink_to(outside),
        lambda: path.symlink_to(tmp_path / "missing"),
        lambda: path.hardlink_to(outside),
        lambda: os.mkfifo(path),
    ]
    for make in makes:
        make()
        assert f"{path} cannot be opened: it " in refusal(tmp_path / "decisions.db").what
        path.unlink()
    assert outside.read_bytes() == b"mine"
    assert [one.name for one in tmp_path.iterdir()] == ["outside"]


def in_wal(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as other:
        return bool(other.execute("PRAGMA journal_mode").fetchone() == ("wal",))


def test_a_log_of_an_earlier_version_leaves_wal(log: DecisionLog, path: Path) -> None:
    log.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("INSERT INTO selections VALUES (1, 'x', '[]')")
        assert "is locked by another process" in refusal(path).what
    with closing(DecisionLog(path, RUN)) as log:
        assert not in_wal(path)
        assert stands(log) == {("1", "ann"): "keep"}
        assert log.selection("x") == []
        log.append([decide("2")])
    assert [one.name for one in path.parent.iterdir()] == ["decisions.db"]


def test_another_program_that_turns_to_wal_is_told(log: DecisionLog, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        with pytest.raises(LogError, match="open in another program"):
            log.append([decide("2")])
    assert stands(log) == {("1", "ann"): "keep"}
    log.close()
    with closing(DecisionLog(path, RUN)) as again:
        assert again.append([decide("2")])


def test_a_full_disk_loses_nothing_that_was_saved(log: DecisionLog, path: Path) -> None:
    with files_up_to(path.stat().st_size + 40_000):
        saved, words = 0, ""
        while not words:
            try:
                log.append([decide(f"row-{saved}")])
                saved += 1
            except LogError as error:
                words = error.what
        assert re.search(r"decisions\.db cannot (grow: the disk is full|be read or written)", words)
        with pytest.raises(LogError):
            log.append(bulk([str(number) for number in range(2_000)], "batch"))
    assert len(stands(log)) == saved + 1
    log.append([decide("afterwards")])
    log.close()
    assert len(stands(DecisionLog(path, RUN))) == saved + 2


def test_a_full_disk_at_the_very_beginning(path: Path) -> None:
    with files_up_to(10_000):
        assert "cannot" in refusal(path).what
    DecisionLog(path, RUN).close()


def test_a_log_that_somebody_else_holds(log: DecisionLog, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogError, match=r"decisions\.db is locked by another process"):
        log.append([decide("2")])
    assert stands(log) == {("1", "ann"): "keep"}
    other.execute("COMMIT")
    other.close()
    log.append([decide("2")])


def test_an_event_that_something_else_writes_meanwhile(log: DecisionLog, path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("DROP TRIGGER events_no_update")
        other.execute("UPDATE events SET verdict = 'perhaps'")
    other.close()
    with pytest.raises(LogError, match="holds an event that cannot be read: 'decision-"):
        list(log.standing())


# -- servers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:s3cret@host/db",
        "sqlite:///s3cret.db",
        "postgresql+asyncpg://ann:s3cret@host/db",
        "s3cret",
        "postgresql+psycopg://ann:s3cret@host:port/db",
        "",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    error = refusal(url)
    assert "expected postgresql+psycopg://user:password@host/database" in error.what
    assert "s3cret" not in str(error)


def test_a_server_that_does_not_answer() -> None:
    for url in ("postgresql://ann:s3cret@127.0.0.1:1/db", "postgresql+psycopg://127.0.0.1:1/db?password=s3cret"):
        error = refusal(url)
        assert "postgresql://127.0.0.1:1/db cannot be connected to" in error.what
        assert "s3cret" not in str(error)
        assert "s3cret" not in repr(error.__cause__)


def test_a_password_that_is_wrong_and_a_database_that_is_missing(server: str) -> None:
    url = make_url(server)
    wrong = refusal(url.set(password="wrong-s3cret").render_as_string(hide_password=False))
    assert "cannot be connected to" in wrong.what
    assert "password authentication failed" in wrong.what
    assert "s3cret" not in str(wrong)
    missing = refusal(url.set(database="nowhere").render_as_string(hide_password=False))
    assert 'database "nowhere" does not exist' in missing.what
    assert "s3cret" not in str(missing)
    quoted = refusal(url.set(password="a/b@c:d").render_as_string(hide_password=False))
    assert "password authentication failed" in quoted.what
    assert "a/b" not in str(quoted)
    assert "a%2Fb" not in str(quoted)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_server_that_holds_restarts_and_forbids(place: str, open_log: Open) -> None:
    log = DecisionLog(place, RUN, patience=0.2)
    log.append([decide("1")])
    engine = create_engine(place, poolclass=NullPool)
    with engine.begin() as other:
        other.execute(text("SELECT 1 FROM runs FOR UPDATE"))
        with pytest.raises(LogError, match="is locked by another process"):
            log.append([decide("2")])
    with engine.connect() as other:  # as after a restart: our connections are gone
        others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        assert other.execute(text(f"SELECT pg_terminate_backend(pid, 60000) {others}")).scalars().all() == [True]
    assert log.append([decide("2")])
    with engine.begin() as other:
        other.execute(text(f"ALTER DATABASE {make_url(place).database} SET default_transaction_read_only = on"))
    log.close()
    with pytest.raises(LogError, match="is read-only"):
        open_log().append([decide("3")])
    engine.dispose()
