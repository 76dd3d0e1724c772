"""Room: what is no file is never waited for, wherever a file is asked for; and how much may be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor.access.accounts import Accounts
from auditor.correction.patch.patch import read_patch
from auditor.data import read
from auditor.data.formats.files.room import check_room, room
from auditor.errors import AuditorError, SourceError
from auditor.models.own.given import read_given
from auditor.review.keys import read_keys
from auditor.review.log.jsonl import import_log
from auditor.review.log.log import DecisionLog
from auditor.storage import open_file

FRAME = pd.DataFrame({"text": ["so glad", "so sad"], "label": ["joy", "sadness"]})
READERS: dict[str, Callable[[Path], Any]] = {
    "keys": read_keys,
    "accounts": lambda path: Accounts(path).names,
    "patch": read_patch,
    "probabilities": lambda path: read_given(path.with_suffix(".npy"), read(FRAME)),
    "log": lambda path: import_log(DecisionLog(path.with_name("decisions.db"), "run"), path),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_is_refused_by_all_that_read_a_file(tmp_path: Path, reader: str) -> None:
    for path in (tmp_path / "pipe.json", tmp_path / "pipe.npy"):
        os.mkfifo(path, 0o600)
    with pytest.raises(AuditorError, match=r"is a pipe, not a file|does not exist") as caught:
        READERS[reader](tmp_path / "pipe.json")
    assert "\n" not in caught.value.what + caught.value.todo


def test_files_and_links_to_them_are_opened_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"so glad")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with open_file(tmp_path / "link") as file:
        assert file.read() == b"so glad"
    with pytest.raises(IsADirectoryError):
        open_file(tmp_path)
    with pytest.raises(OSError, match="a device, not a file"):
        open_file(Path("/dev/null"))
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "nothing")


def test_there_is_room_and_only_so_much() -> None:
    assert 1 << 20 < room() < 1 << 40
    check_room(10, "a.csv", 10)
    with pytest.raises(SourceError, match=r"a\.csv is too large: unpacked, it takes more than 0\.0 MB"):
        check_room(11, "a.csv", 10)
