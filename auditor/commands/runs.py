"""The command that lists runs. It reads small files, trusts none of them, and imports nothing heavy."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from auditor.commands.options import JSON
from auditor.console import plain, print_json, say, stdout
from auditor.errors import RunMissingError
from auditor.run import DEFAULT_PLACE
from auditor.run.artifacts import DECISIONS, HEALTH, LOCK, MANIFEST, RUN_ID

_MOST_BYTES = 64 * 2**20
"""Maximum size of a manifest. A larger one is not read."""
_MOST_STEPS, _EVERY = 20_000, 10_000
"""Limit on the steps of counting a database: so many progress calls, one every so many steps."""
_UNKNOWN = "?"


@dataclass(frozen=True)
class _Listed:
    """A run. Unknown values are None.

    Attributes
    ----------
    state : {"finished", "ranked", "unfinished", "broken"}
        Ranked: not finished, but the ranking can be read.
    rows, issues : int or None
        Number of all rows, and of rows to read again.
    judged : int or None
        Number of rows on which a decision stands.
    made : str or None
        Time of creation in ISO 8601.
    """

    name: str
    path: str
    state: str
    rows: int | None = None
    issues: int | None = None
    judged: int | None = None
    made: str | None = None


def runs(
    place: Annotated[
        Path, typer.Option("--in", metavar="FOLDER", help="Folder that holds the run directories.")
    ] = DEFAULT_PLACE,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the runs in a folder, with the number of rows, rows to read again, and rows judged.

    Example: auditor runs
    """
    if not place.is_dir() and place != DEFAULT_PLACE:
        raise RunMissingError(f"The folder {place} does not exist.", "Name the folder that holds the run directories.")
    try:
        folders = sorted(entry for entry in place.iterdir() if _may_be_run(entry)) if place.is_dir() else []
    except OSError as error:
        raise RunMissingError(f"{place} cannot be read: {error.strerror}.", "Check its permissions.") from None
    found = [_look_at(folder) for folder in folders]
    if as_json:
        print_json([asdict(run_) for run_ in found])
    elif found:
        _print(found)
    else:
        say(f"There are no runs in {place}. Make one with `auditor run FILE`.")


def _may_be_run(folder: Path) -> bool:
    return any(os.path.isfile(folder / name) for name in (MANIFEST, LOCK, RUN_ID))


def _look_at(folder: Path) -> _Listed:
    manifest = _read(folder / MANIFEST)
    name, path = folder.name, str(folder)
    if manifest is None or not isinstance(manifest.get("stages"), dict):
        begun = not os.path.exists(folder / MANIFEST)
        return _Listed(name, path, "unfinished" if begun else "broken", judged=_judged(folder))
    finished = manifest.get("finished") is True
    ranked = manifest.get("ranked") is True
    return _Listed(
        name,
        path,
        "finished" if finished else "ranked" if ranked else "unfinished",
        _number(manifest.get("dataset"), "rows"),
        _number(_read(folder / HEALTH), "issues") if finished or ranked else None,
        _judged(folder),
        _moment(manifest.get("created")),
    )


def _read(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None if the file holds anything else or cannot be read."""
    try:
        if not os.path.isfile(path) or path.stat().st_size > _MOST_BYTES:
            return None
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _number(about: object, name: str) -> int | None:
    value = about.get(name) if isinstance(about, dict) else None
    return value if type(value) is int and value >= 0 else None


def _moment(written: object) -> str | None:
    with suppress(ValueError, OverflowError):
        return datetime.fromisoformat(str(written)).astimezone(UTC).isoformat(timespec="seconds")
    return None


def _judged(folder: Path) -> int | None:
    """Count the rows on which a decision stands; 0 without a log, None if it cannot be read.

    A log that nobody has open is read without a lock, and without creating files beside it.
    """
    file = folder / DECISIONS
    if not os.path.lexists(file):
        return 0
    if os.path.islink(file) or not (os.path.isfile(file) and os.path.isfile(folder / RUN_ID)):
        return None
    # Without files beside it, nobody is writing. In WAL mode, SQLite would create files just to read.
    is_open = any(os.path.exists(f"{file}{ending}") for ending in ("-wal", "-journal"))
    address = f"file:{quote(os.fsencode(file.absolute()))}?mode=ro{'' if is_open else '&immutable=1'}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=0.5)) as log:
            steps = iter(range(_MOST_STEPS))
            log.set_progress_handler(lambda: next(steps, None) is None, _EVERY)
            run_id = (folder / RUN_ID).read_text("utf-8").strip()
            query = "SELECT count(DISTINCT item_id) FROM standing JOIN runs USING (run) WHERE runs.run_id = ?"
            count = log.execute(query, (run_id,)).fetchone()[0]
    except (sqlite3.Error, OSError, ValueError):
        return None
    return count if isinstance(count, int) else None


def _print(found: list[_Listed]) -> None:
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    table.add_column("run", overflow="fold")
    for name in ("rows", "to read again", "judged"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("made (UTC)", no_wrap=True)
    table.add_column("", no_wrap=True)
    for run_ in found:
        counts = ("—" if value is None else f"{value:,}" for value in (run_.rows, run_.issues))
        judged = _UNKNOWN if run_.judged is None else f"{run_.judged:,}"
        made = run_.made[:16].replace("T", " ") if run_.made else _UNKNOWN
        name = run_.name if run_.name.isprintable() else repr(run_.name)
        table.add_row(plain(name), *counts, judged, made, "" if run_.state == "finished" else run_.state)
    stdout().print(table)
