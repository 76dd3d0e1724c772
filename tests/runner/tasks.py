"""Tasks for the tests of runners: they import next to nothing, so that their processes start quickly."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from auditor.errors import ModelError

Report = Callable[[int, int], None]


def double(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    print("a library that talks")
    logging.getLogger("auditor.tests").warning("half of %d", 2 * arguments["value"])
    report(1, 2)
    return {"value": 2 * arguments["value"], "process": os.getpid()}


def refuse(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    raise ModelError("What was found.", "What to do.")


def break_down(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    raise ZeroDivisionError("a bug")


def die(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Be killed, as often as the file may grow; then answer."""
    tries = Path(arguments["file"])
    with tries.open("a") as file:
        file.write("x")
    if len(tries.read_text()) <= arguments["deaths"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"tries": len(tries.read_text())}


def stay(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Leave the number of the process in a file, report, and do not end."""
    path = Path(arguments["file"])
    path.with_suffix(".new").write_text(str(os.getpid()))
    path.with_suffix(".new").rename(path)
    report(1, 2)
    time.sleep(600)
    return {}


def ends(pid: int) -> bool:
    """Wait until a process is no more; a test that hangs here fails by its time limit."""
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return True
        time.sleep(0.01)


def copy(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Write the contents of all files of the input into a file each, in a folder for those in capital letters."""
    letters = Path(arguments["letters"])
    found = sorted(path for path in letters.rglob("*") if path.is_file())
    for path in found:
        name = path.relative_to(letters).as_posix()
        copied = folder / ("capital" if name.isupper() else "") / name
        copied.parent.mkdir(exist_ok=True)
        copied.write_bytes(path.read_bytes())
    report(1, 1)
    return {"read": [path.relative_to(letters).as_posix() for path in found]}


def when_let(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Report a start, wait for a file, then train a fold or encode a block of texts."""
    board, part = Path(arguments["board"]), arguments["part"]
    (board / f"{part}.{os.getpid()}.started").touch()
    report(0, 1)
    while not (board / "go").exists():
        time.sleep(0.01)
    # Both import torch: a node that is killed need not.
    if "texts" in arguments:
        from auditor.models.transformer.encoding import encode_block as task
    else:
        from auditor.models.sidebyside import train_fold as task

    return dict(task(arguments, folder, report))
