from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ModelError, WorkerError
from auditor.runner import Local, Need, Part, Task
from auditor.runner import local as module
from tests.runner import tasks

GB = 1_000_000_000
LONG = Need(threads=2, memory=2 * GB, seconds=100)
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


def run(task: Task, space: Path, *arguments: dict[str, Any], jobs: int = 2) -> dict[int, Any]:
    parts = [Part(f"part-{number}", each, space) for number, each in enumerate(arguments)]
    found = Local(jobs).map(task, parts, LONG, lambda number, done, total: None)
    return {number: done.result for number, done in found}


@pytest.mark.parametrize(
    ("jobs", "parts", "need", "cores", "free", "processes"),
    [
        (None, 3, LONG, 8, 16, 3),
        (None, 3, LONG, 4, 16, 2),
        (None, 3, LONG, 2, 16, 0),
        (None, 3, LONG, 8, 4, 2),
        (None, 3, LONG, 8, 1, 0),
        (None, 3, Need(seconds=1), 8, 16, 0),
        (None, 3, Need(seconds=100, gpus=1), 8, 16, 0),
        (None, 1, LONG, 8, 16, 0),
        (1, 3, LONG, 8, 16, 0),
        (2, 3, LONG, 1, 0, 2),
        (2, 3, Need(seconds=100, gpus=1), 8, 16, 2),
        (2, 3, Need(seconds=1), 8, 16, 0),
        (9, 3, LONG, 2, 1, 3),
    ],
)
def test_processes_are_as_many_as_are_chosen_or_have_room(
    monkeypatch: pytest.MonkeyPatch, jobs: int | None, parts: int, need: Need, cores: int, free: int, processes: int
) -> None:
    monkeypatch.setattr(module, "cpu_count", lambda: cores)
    monkeypatch.setattr(module, "free_memory", lambda: free * GB)
    assert Local(jobs).at_once(parts, need) == processes


def test_each_part_has_a_process_whose_messages_arrive(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    heard: list[tuple[int, int, int]] = []
    parts = [Part(f"part-{number}", {"value": number}, tmp_path) for number in range(3)]
    with caplog.at_level(logging.INFO, "auditor"):
        found = dict(Local(2).map(tasks.double, parts, LONG, lambda *at: heard.append(at)))
    assert {number: done.result["value"] for number, done in found.items()} == {0: 0, 1: 2, 2: 4}
    assert len({os.getpid(), *(done.result["process"] for done in found.values())}) == 4
    assert len({done.folder for done in found.values()}) == 3
    assert sorted(heard) == [(0, 1, 2), (1, 1, 2), (2, 1, 2)]
    assert sorted(caplog.messages) == ["part-0: half of 0", "part-1: half of 2", "part-2: half of 4"]


def test_errors_arrive_as_they_were_raised(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        run(tasks.refuse, tmp_path, {})
    assert (caught.value.what, caught.value.todo) == ("What was found.", "What to do.")
    with pytest.raises(RuntimeError, match=r"in break_down\n.*\nZeroDivisionError: a bug"):
        run(tasks.break_down, tmp_path, {})


@posix
def test_a_killed_process_costs_its_part_one_start(tmp_path: Path) -> None:
    often, once, never = (
        {"file": str(tmp_path / name), "deaths": deaths} for name, deaths in zip("abc", (2, 1, 0), strict=True)
    )
    assert run(tasks.die, tmp_path, once, never) == {0: {"tries": 2}, 1: {"tries": 1}}
    with pytest.raises(WorkerError, match=r"part-0 was started twice.* its process was ended by SIGKILL"):
        run(tasks.die, tmp_path, often)
    assert (tmp_path / "a").read_text() == "xx"


@posix
def test_when_the_caller_stops_all_processes_end(tmp_path: Path) -> None:
    file = tmp_path / "pid"

    def interrupt(number: int, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Local(2).map(tasks.stay, [Part("only", {"file": str(file)}, tmp_path)], Need(), interrupt))
    assert tasks.ends(int(file.read_text()))


@posix
def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    program = f"""
from pathlib import Path
from auditor.runner import Local, Need, Part
from tests.runner import tasks
list(Local(2).map(tasks.stay, [Part("only", {{"file": {str(file)!r}}}, Path({str(tmp_path)!r}))], Need(), print))
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2]) as parent:
        while not file.exists():
            assert parent.poll() is None
            time.sleep(0.01)
        parent.kill()
    assert tasks.ends(int(file.read_text()))
