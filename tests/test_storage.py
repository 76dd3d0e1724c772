"""Writing files: whole or not at all, under their own name alone, wherever links lead."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from auditor import folders
from auditor.errors import StorageError
from auditor.storage import (
    lock,
    move_in,
    open_plain,
    read_plain,
    replacing,
    scratch,
    storage_errors,
    sweep,
    write,
)
from tests.disk import files_up_to

LEFT = ".file.txt.0123456789abcdef.partial"


@pytest.fixture(params=[True, False], ids=["handles", "paths"], autouse=True)
def handles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Folders held open, as on Linux and macOS, and worked in by their paths, as on Windows."""
    monkeypatch.setattr(folders, "_HAS_HANDLES", request.param)
    return bool(request.param)


def make_socket(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(str(path))


SPECIAL: dict[str, Callable[[Path], object]] = {"pipe": os.mkfifo, "socket": make_socket, "folder": Path.mkdir}


def test_a_file_is_written_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write(path, b"one")
    with replacing(path) as file:
        file.write(b"two")
        assert path.read_bytes() == b"one"
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_others_may_read_a_file_unless_it_is_to_be_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write(tmp_path / "open", b"")
        write(tmp_path / "own", b"", mode=0o600)
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("open", "own")] == [0o644, 0o600]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_replaced_and_what_it_leads_to_stays(there: bool, tmp_path: Path) -> None:
    outside, path = tmp_path / "outside.txt", tmp_path / "file.txt"
    if there:
        outside.write_bytes(b"precious")
    path.symlink_to(outside)
    write(path, b"ours")
    assert not path.is_symlink()
    assert path.read_bytes() == b"ours"
    assert (outside.read_bytes() == b"precious") if there else not outside.exists()


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("linked", [False, True])
def test_nothing_but_a_plain_file_is_replaced(kind: str, linked: bool, tmp_path: Path) -> None:
    path = there = tmp_path / "file"
    if linked:
        there = tmp_path / "other"
        path.symlink_to(there)
    SPECIAL[kind](there)
    with pytest.raises(OSError, match="it is a") as refused:
        write(path, b"ours")
    assert refused.value.filename == str(path)
    with pytest.raises(StorageError, match="cannot be written"), storage_errors(path):
        write(path, b"ours")
    assert not stat.S_ISREG(there.stat().st_mode)


def test_inside_a_folder_nothing_leads_out_of_it(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "there").write_bytes(b"precious")
    (inside / "folder").symlink_to(outside)
    (inside / "file").symlink_to(outside / "there")
    (inside / "dangling").symlink_to(outside / "new")
    for name in ("folder/new", "folder/deep/new", "folder/there", "file", "dangling", "../outside/new", "file/new"):
        path, source = inside / name, tmp_path / "source"
        source.write_bytes(b"ours")
        for use in (partial(write, path, b"ours", inside=inside), partial(move_in, source, path, inside)):
            with pytest.raises(OSError, match=r"it (is|would lead)"):
                use()
        with pytest.raises(OSError, match=r"it (is|would lead)|No such file"):
            open_plain(path, inside)
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"there": b"precious"}
    write(inside / "new" / "er" / "file", b"ours", inside=inside)
    assert read_plain(inside / "new" / "er" / "file") == b"ours"


def test_a_folder_may_be_reached_through_a_link_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link" / "a", b"a")
    write(tmp_path / "link" / "deep" / "b", b"b", inside=tmp_path / "link")
    assert (tmp_path / "real" / "a").read_bytes() + (tmp_path / "real" / "deep" / "b").read_bytes() == b"ab"


@pytest.mark.parametrize("kind", ["link", *SPECIAL])
def test_only_a_plain_file_is_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if kind == "link":
        (tmp_path / "real").write_bytes(b"")
        path.symlink_to(tmp_path / "real")
    else:
        SPECIAL[kind](path)
    with pytest.raises(OSError, match="it is"):
        read_plain(path)


def test_a_lock_is_no_link_and_no_other_files_second_name(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    (tmp_path / "link.lock").symlink_to(outside)
    (tmp_path / "second.lock").hardlink_to(outside)
    os.mkfifo(tmp_path / "pipe.lock")
    for name in ("link.lock", "second.lock", "pipe.lock"):
        with pytest.raises(OSError, match=r"it (is|has) a"):
            lock(tmp_path / name)
    with lock(tmp_path / "new.lock"):
        pass
    assert outside.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["ä" * 127, "x" * 255, "-", "line\nbreak", "😀.txt"])
def test_any_name_that_the_disk_takes(name: str, tmp_path: Path) -> None:
    write(tmp_path / name, b"one")
    write(tmp_path / name, b"two")
    assert os.listdir(tmp_path) == [name]


# -- when it goes wrong ---------------------------------------------------------------------------------------------


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(b"half" * (1 // 0))
    with pytest.raises(OSError, match="File too large") as full, files_up_to(1_000):
        write(path, b"x" * 100_000)
    assert full.value.filename == str(path)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"file.txt": b"before"}


def test_a_folder_that_is_missing_or_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none" / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match="cannot be written"), storage_errors(path):
            write(path, b"")
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_killed_process_has_left_goes_the_next_time(tmp_path: Path, handles: bool) -> None:
    path = tmp_path / "file.txt"
    code = (
        "import os, sys; from pathlib import Path; from auditor.storage import replacing\n"
        "with replacing(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -signal.SIGKILL
    [left] = os.listdir(tmp_path)
    assert folders.final_name(left) == "file.txt"
    assert not path.exists()
    write(path, b"whole")
    assert os.listdir(tmp_path) == ["file.txt"]


def test_sweeping_takes_what_nobody_is_writing_and_nothing_else(tmp_path: Path) -> None:
    kept = ["file.txt.partial", ".file.txt.partial", ".file.txt.0123.partial", "0123456789abcdef.partial", ".hidden"]
    for name in (*kept, LEFT):
        (tmp_path / name).write_bytes(b"")
    outside = tmp_path.with_name("outside")
    outside.write_bytes(b"precious")
    (tmp_path / ".link.0123456789abcdef.partial").symlink_to(outside)
    os.mkfifo(tmp_path / ".pipe.0123456789abcdef.partial")
    with replacing(tmp_path / "file.txt") as file:
        file.write(b"whole")
        sweep(tmp_path)
    assert {*os.listdir(tmp_path)} >= {*kept, "file.txt"}
    assert LEFT not in os.listdir(tmp_path)
    assert (tmp_path / "file.txt").read_bytes() == b"whole"
    assert outside.read_bytes() == b"precious"
    sweep(tmp_path / "none")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EACCES, errno.EIO, None])
def test_what_goes_wrong_in_writing_is_told_in_one_way(tmp_path: Path, number: int | None) -> None:
    error = OSError("5000 requested and 359 written") if number is None else OSError(number, os.strerror(number))
    place = tmp_path / "x.csv"
    with pytest.raises(StorageError) as caught, storage_errors(place, "Name another file."):
        raise error
    assert caught.value.what == f"{place} cannot be written: {error.strerror or error}."
    assert caught.value.todo == "Name another file."
    # Where other things are done too, what is no fault of the disk's goes up as it is.
    with pytest.raises(OSError if number == errno.EIO else StorageError), storage_errors(place):
        raise error


# -- temporary folders ----------------------------------------------------------------------------------------------


def test_a_temporary_folder_is_gone_afterwards_and_takes_those_of_killed_processes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outside = tmp_path / "outside"
    for folder in (outside, *(tmp_path / f"auditor-test-{name}" for name in ("killed", "begun", "mine"))):
        folder.mkdir()
        (folder / "files").touch()
        if folder.name != "auditor-test-mine":
            (folder / "lock").touch()
        if folder.name != "auditor-test-begun":
            os.utime(folder, (0, 0))
    (tmp_path / "auditor-test-link").symlink_to(outside)
    with scratch("auditor-test-") as room:
        assert list(room.iterdir()) == []
        os.utime(room.parent, (0, 0))
        with scratch("auditor-test-") as other:  # the first is at work
            assert room.is_dir()
        assert not other.parent.exists()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"outside", "auditor-test-begun", "auditor-test-mine", "auditor-test-link"}
    assert (outside / "files").exists()
