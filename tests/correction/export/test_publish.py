"""Files that take their places: processes killed at every step, what they leave, and who is at work beside."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.correction.export.publish import flush_all, publish_files, publish_folder, staging

pytestmark = pytest.mark.slow

Publish = Callable[[Path, dict[str, str]], None]


def as_files(target: Path, files: dict[str, str]) -> None:
    with staging(target) as stage:
        for name, text in files.items():
            (stage / name).write_text(text)
        flush_all(stage)
        publish_files(stage, [*files], target.parent)


def as_folder(target: Path, files: dict[str, str]) -> None:
    with staging(target) as stage:
        for name, text in files.items():
            (stage / name).write_text(text)
        flush_all(stage)
        publish_folder(stage, target)


def killed_at(step: int, publish: Publish, target: Path, files: dict[str, str]) -> bool:
    """Publish in another process, which is killed before its ``step``-th word to the disk; whether it came so far."""
    child = os.fork()
    if not child:
        left = [step]

        def count(event: str, _: Any) -> None:
            left[0] -= event == "open" or event.startswith("os.")
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            publish(target, files)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize(("publish", "name"), [(as_files, "a"), (as_folder, "folder")])
def test_killed_at_every_step_nothing_is_half_written_or_left(tmp_path: Path, publish: Publish, name: str) -> None:
    old, new = {"a": "old", "b": "old"}, {"a": "new", "b": "new"}
    target, home = tmp_path / name, tmp_path / name if publish is as_folder else tmp_path
    step, seen = 1, set()
    publish(target, old)
    while killed_at(step, publish, target, new):
        with staging(target):  # puts back what stands aside
            seen.add(tuple((home / each).read_text() for each in old))
        assert {path.name for path in tmp_path.iterdir()} == {name, *(old if home == tmp_path else ())}
        publish(target, old)
        step += 1
    assert step > 10
    assert seen >= {("old", "old"), ("new", "new")}
    assert publish is as_files or len(seen) == 2, "a folder is the old or the new one"


def test_exports_at_work_beside_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / ".clean.csv.0000.partial"
    mine.mkdir()
    with staging(tmp_path / "clean.csv") as first:
        (first / "half").touch()
        with staging(tmp_path / "clean.csv") as second:
            assert first != second
            assert (first / "half").exists()
    assert [*tmp_path.iterdir()] == [mine]
