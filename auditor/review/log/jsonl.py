"""Export and import of the decision log as JSON Lines, one event per line, without loss."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from auditor.errors import DecisionError, LogError
from auditor.review.log.event import Event, check_labels
from auditor.review.log.log import DecisionLog, TakenError
from auditor.review.log.records import EXTRA
from auditor.run.overwriting import check_file
from auditor.storage import open_file, replacing
from auditor.validation import first_fault

_MAX_LINE = 4_000_000
"""Maximum bytes of a line, more than any event has: a file without line ends must not fill the memory."""
_CLOCK_TOLERANCE = timedelta(hours=1)
"""How far ahead the clock of the machine that wrote a log may be."""


def export_log(log: DecisionLog, path: Path) -> int:
    """Write every event by ``(at, event_id)``. Equal logs give equal bytes.

    Parameters
    ----------
    log : DecisionLog
    path : Path
        File to create, or an earlier export to replace once everything is written. A link is replaced itself, not its
        target.

    Returns
    -------
    int
        Number of events written.

    Raises
    ------
    LogError
        If the log cannot be read, the file cannot be written, or it holds something that this export would lose.
    ExportError
        If the path is a folder, or a name that a run keeps for its own files.
    """
    if exists := path.is_file() and not path.is_symlink():
        _check_replaceable(path, log)
    check_file(path, force=True, is_own=exists)
    count = 0
    try:
        with replacing(path) as file:
            for event in log.all_events():
                empty = {name for name in EXTRA if getattr(event, name) is None}
                file.write(event.model_dump_json(exclude=empty).encode() + b"\n")
                count += 1
    except OSError as error:
        raise LogError(
            f"{path} cannot be written: {error.strerror or error}.", "Name another file, or make room."
        ) from error
    return count


def _check_replaceable(path: Path, log: DecisionLog) -> None:
    """Refuse to replace a file, unless the log has every event in it."""
    ids = {event.event_id for event in log.all_events()}
    try:
        lost = sum(event.event_id not in ids for _, event in _read(path, log.run_id))
    except LogError:
        raise LogError(f"{path} exists and is not an export of this decision log.", "Name another file.") from None
    if lost:
        raise LogError(
            f"{path} holds {lost:,} events that this decision log does not have.",
            "Name another file, or import this one first: auditor log import.",
        )


def import_log(log: DecisionLog, path: Path) -> tuple[int, int]:
    """Add the events of a file to the log: all of them, or none.

    Files may be imported in any order, and more than once: the result is the same.

    Parameters
    ----------
    log : DecisionLog
        Log of the run that the file was exported from.
    path : Path

    Returns
    -------
    new, known : int
        Number of events added, and of events already in the log.

    Raises
    ------
    LogError
        If the file cannot be read, or a line is not an event of this run. Nothing is added then.
    """
    count = 0

    def counted() -> Iterator[Event]:
        nonlocal count
        for _, event in _read(path, log.run_id):
            count += 1
            yield event

    try:
        new = len(log.append(counted(), stamp=False))
    except TakenError as error:
        line = max(number for number, event in _read(path, log.run_id) if event.event_id == error.event_id)
        raise _refused(path, line, error.what) from None
    return new, count - new


def _read(path: Path, run_id: str) -> Iterator[tuple[int, Event]]:
    """Yield line number and event of each line that is not blank."""
    latest = datetime.now(UTC) + _CLOCK_TOLERANCE
    try:
        with open_file(path) as file:
            number = 0
            while line := file.readline(_MAX_LINE):
                number += 1
                if not line.isspace():
                    yield number, _event(line, number, path, run_id, latest)
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror or error}.", "Name another file.") from error


def _event(line: bytes, number: int, path: Path, run_id: str, latest: datetime) -> Event:
    try:
        event = Event.model_validate_json(line, strict=True)
        if event.verdict is not None:
            check_labels(event)
    except ValidationError as error:
        raise _refused(path, number, str(first_fault(error, Event))) from None
    except DecisionError as error:
        raise _refused(path, number, error.what) from None
    if event.run_id != run_id:
        raise _refused(path, number, f"the event is of run {event.run_id!r}; this is the decision log of {run_id!r}")
    if event.at > latest:
        raise _refused(path, number, f"at: {event.at} is in the future: some machine's clock is wrong")
    return event


def _refused(path: Path, line: int, reason: str) -> LogError:
    return LogError(
        f"{path}, line {line}: {reason.removesuffix('.')}. Nothing was imported.",
        "Import a file written by `auditor log export` into the run that it comes from, or fix the line.",
    )
