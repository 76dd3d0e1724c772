"""The command that lists runs. It reads what small files say, believes none of them, and imports nothing heavy."""

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
"""Of a manifest: a larger one is not read."""
_MOST_STEPS, _EVERY = 20_000, 10_000
"""A database that takes more than so many times so many steps to count is not counted."""
_UNKNOWN = "?"


@dataclass(frozen=True)
class _Listed:
    """A run; None is what is not known.

    Attributes
    ----------
    state : {"finished", "unfinished", "broken"}
    rows, issues : int or None
        All, and those to read again.
    judged : int or None
        Rows on which a decision stands.
    made : str or None
        When, in ISO 8601.
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
    """List the runs in a folder: their rows, how many of them to read again, and how many have been judged.

    Example: auditor runs
    """
    if not place.is_dir() and place != DEFAULT_PLACE:
        raise RunMissingError(f"There is no folder {place}.", "Name the folder that holds the run directories.")
    try:
        folders = sorted(entry for entry in place.iterdir() if _may_be_run(entry)) if place.is_dir() else []
    except OSError as error:
        raise RunMissingError(f"{place} cannot be read: {error.strerror}.", "Check its permissions.") from None
    found = [_look_at(folder) for folder in folders]
    if as_json:
        print_json([asdict(one) for one in found])
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
    return _Listed(
        name,
        path,
        "finished" if finished else "unfinished",
        _number(manifest.get("dataset"), "rows"),
        _number(_read(folder / HEALTH), "issues") if finished else None,
        _judged(folder),
        _moment(manifest.get("created")),
    )


def _read(path: Path) -> dict[str, Any] | None:
    """Read an object of JSON; None if the file holds anything else, or cannot be read."""
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
    """Count the rows on which a decision stands; 0 where there is no log, None where it cannot be read.

    A log that nobody has open is read without a lock, and no file is made beside it.
    """
    file = folder / DECISIONS
    if not os.path.lexists(file):
        return 0
    if os.path.islink(file) or not (os.path.isfile(file) and os.path.isfile(folder / RUN_ID)):
        return None
    # Nobody is writing where nothing lies beside it; for a log with WAL, SQLite would make files only to read.
    is_open = any(os.path.exists(f"{file}{ending}") for ending in ("-wal", "-journal"))
    address = f"file:{quote(os.fsencode(file.absolute()))}?mode=ro{'' if is_open else '&immutable=1'}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=0.5)) as log:
            steps = iter(range(_MOST_STEPS))
            log.set_progress_handler(lambda: next(steps, None) is None, _EVERY)
            known = (folder / RUN_ID).read_text("utf-8").strip()
            query = "SELECT count(DISTINCT item_id) FROM standing JOIN runs USING (run) WHERE runs.run_id = ?"
            count = log.execute(query, (known,)).fetchone()[0]
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
    for one in found:
        counts = ("—" if value is None else f"{value:,}" for value in (one.rows, one.issues))
        judged = _UNKNOWN if one.judged is None else f"{one.judged:,}"
        made = one.made[:16].replace("T", " ") if one.made else _UNKNOWN
        name = one.name if one.name.isprintable() else repr(one.name)
        table.add_row(plain(name), *counts, judged, made, "" if one.state == "finished" else one.state)
    stdout().print(table)
