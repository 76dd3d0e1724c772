from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ConfigError, ModelError, RunDamagedError, StorageError, WorkerError
from auditor.runner import Done, Files, Part
from auditor.runner import exchange as module
from auditor.runner.base import done_of, perform
from auditor.runner.exchange import Exchange
from tests.runner import tasks

LETTERS = {"a": b"small", "B": b"capital", "c": b"", "greek/alpha": b"old"}


@pytest.fixture
def part(tmp_path: Path) -> Part:
    (letters := tmp_path / "letters").mkdir()
    (space := tmp_path / "space").mkdir()
    (letters / "greek").mkdir()
    for name, contents in {**LETTERS, "not sent": b"secret"}.items():
        (letters / name).write_bytes(contents)
    return Part("copy", {"more": 1}, space, {"letters": Files(letters, tuple(LETTERS))})


def through(exchange: Exchange, part: Part, task: Any) -> Done:
    """Let a worker that has neither the inputs nor the folder of the part do it."""
    call = exchange.send(part.call(task), part.files)
    folder, space = part.inputs["letters"].folder, part.space
    for hidden in (folder, space):
        hidden.rename(hidden.with_suffix(".hidden"))
    call = {**call, "space": str(space), "arguments": {**call["arguments"], "letters": str(folder)}}
    outcome = perform(call, lambda done, total: None)
    for hidden in (folder, space):
        hidden.with_suffix(".hidden").rename(hidden)
    return done_of(exchange.receive(outcome, part.space))


def test_a_worker_needs_no_file_but_those_of_the_exchange(tmp_path: Path, part: Part) -> None:
    with Exchange(f"file://{tmp_path}/exchange").folder() as exchange:
        done = through(exchange, part, tasks.copy)
        assert len(list((tmp_path / "exchange").rglob("*"))) == 1 + len(LETTERS)  # each content once
    assert done.result == {"read": sorted(LETTERS)}
    assert done.folder.parent == part.space
    written = {
        path.relative_to(done.folder).as_posix(): path.read_bytes() for path in done.folder.rglob("*") if path.is_file()
    }
    assert written == {"a": b"small", "capital/B": b"capital", "c": b"", "greek/alpha": b"old"}
    assert list((tmp_path / "exchange").iterdir()) == []


def test_errors_of_a_worker_arrive_and_the_exchange_is_emptied(tmp_path: Path, part: Part) -> None:
    with (
        pytest.raises(ModelError, match=r"What was found\."),
        Exchange(f"file://{tmp_path}/exchange").folder() as exchange,
    ):
        through(exchange, part, tasks.refuse)
    assert list((tmp_path / "exchange").iterdir()) == []


def test_without_an_exchange_a_worker_on_a_machine_that_shares_no_folder_says_so(part: Part) -> None:
    part.space.rename(part.space.with_name("elsewhere"))
    with pytest.raises(WorkerError, match=rf"A worker on \S+ does not find {part.space}") as caught:
        done_of(perform(part.call(tasks.copy), lambda done, total: None))
    assert "exchange=" in str(caught.value)


@pytest.mark.parametrize("when", ["before the worker", "after the worker"])
def test_files_that_others_changed_are_refused(tmp_path: Path, part: Part, when: str) -> None:
    def change() -> None:
        for path in (tmp_path / "exchange").rglob("*"):
            if path.is_file():
                path.write_bytes(b"evil")

    with Exchange(f"file://{tmp_path}/exchange").folder() as exchange:
        call = exchange.send(part.call(tasks.copy), part.files)
        if when == "before the worker":
            change()
        outcome = perform(call, lambda done, total: None)
        change()
        with pytest.raises(RunDamagedError, match=r"was changed in the exchange file://"):
            done_of(exchange.receive(outcome, part.space))


def test_an_exchange_that_is_out_of_reach_is_an_error_of_two_lines(tmp_path: Path, part: Part) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"The exchange file://\S+ cannot be written on \S+: \S+") as caught:
        Exchange(f"file://{tmp_path}/file/exchange").check()
    assert len(str(caught.value).splitlines()) == 2
    exchange = Exchange(f"file://{tmp_path}/exchange")
    (tmp_path / "exchange").mkdir()
    call = exchange.send(part.call(tasks.copy), part.files)
    shutil.rmtree(tmp_path / "exchange")
    with pytest.raises(StorageError, match=r"The exchange file://\S+ cannot be read on \S+: .*does not exist"):
        done_of(perform(call, lambda done, total: None))
    with pytest.raises(StorageError, match=r"The exchange ftp://127.0.0.1:9/aud cannot be opened on \S+: .*refused"):
        Exchange("ftp://ada:secret@127.0.0.1:9/aud")


def test_a_check_leaves_nothing(tmp_path: Path) -> None:
    Exchange(f"file://{tmp_path}/a folder/é").check()
    assert list((tmp_path / "a folder" / "é").iterdir()) == []


def test_a_local_exchange_does_not_depend_on_the_current_folder(
    tmp_path: Path, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Exchange("file://exchange").folder() as exchange:
        call = exchange.send(part.call(tasks.copy), part.files)
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert done_of(exchange.receive(perform(call, lambda done, total: None), part.space)).result


class Buckets:
    """A store of objects without buckets, or one whose buckets may not be listed."""

    def __init__(self, listed: bool) -> None:
        self.listed = listed

    def exists(self, bucket: str) -> bool:
        if not self.listed:
            raise PermissionError("Access Denied")
        return False

    def pipe_file(self, path: str, data: bytes) -> None:
        raise OSError(f"written {path.split('/')[0]}")


def test_a_missing_bucket_is_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "url_to_fs", lambda url, **options: (Buckets(True), url.removeprefix("s3://")))
    with pytest.raises(StorageError, match=r"s3://bcuket/x/.* cannot be written .*'bcuket' does not exist"):
        Exchange("s3://bcuket/x").check()
    monkeypatch.setattr(module, "url_to_fs", lambda url, **options: (Buckets(False), url.removeprefix("s3://")))
    with pytest.raises(StorageError, match="written bucket"):
        Exchange("s3://bucket/x").check()


@pytest.mark.parametrize(
    "address", ["nonsense://bucket/folder", "bucket/folder", "s3://bucket", "s3://", "file:///", "", "foo://[x/y"]
)
def test_an_address_that_fsspec_does_not_know_is_an_error_of_two_lines(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(url: str, **options: Any) -> None:
        raise ImportError("Install s3fs to access S3")

    if address.startswith("s3:"):
        monkeypatch.setattr(module, "url_to_fs", refuse)
    with pytest.raises(ConfigError, match=rf"The exchange {re.escape(address)} cannot be opened: \S+") as caught:
        Exchange(address)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    "message",
    ["Create failed 'ada:s%40cret@host'", "Login failed for s@cret", "No answer of memory://ada:s%40cret@host/x"],
)
def test_a_password_is_never_shown(message: str) -> None:
    exchange = Exchange("memory://ada:s%40cret@host/folder?signature=s3cret")
    assert str(exchange) == "memory://host/folder"
    with pytest.raises(StorageError) as caught, exchange._checked("read"):
        raise RuntimeError(message)
    assert not re.search(r"s@cret|s%40cret|s3cret", str(caught.value))
    with pytest.raises(ConfigError) as refused:
        Exchange("nonsense://ada:s%40cret@host/folder")
    assert "cret" not in str(refused.value)
