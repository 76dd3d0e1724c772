"""The decision log as JSON Lines, one event a line, in both directions without loss."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from auditor.errors import DecisionError, LogError
from auditor.review.log.event import Event, check_labels
from auditor.review.log.log import DecisionLog, TakenError
from auditor.storage import open_file, replacing
from auditor.validation import first_fault

_LONGEST = 4_000_000
"""Bytes of a line: more than any event has. A file without line ends must not fill the memory."""
_AHEAD = timedelta(hours=1)
"""How far the clock of the machine that wrote a log may be ahead."""


def export_log(log: DecisionLog, path: Path) -> int:
    """Write every event, by ``(at, event_id)``; logs with the same events give the same bytes.

    Parameters
    ----------
    log : DecisionLog
    path : Path
        Replaced as a whole, once all is written; if it is a link, the link is replaced, and not what it leads to.

    Returns
    -------
    int
        Events written.

    Raises
    ------
    LogError
        If the log cannot be read, or the file cannot be written.
    """
    count = 0
    try:
        with replacing(path) as file:
            for event in log.all_events():
                file.write(event.model_dump_json().encode() + b"\n")
                count += 1
    except OSError as error:
        raise LogError(
            f"{path} cannot be written: {error.strerror or error}.", "Name another file, or make room."
        ) from error
    return count


def import_log(log: DecisionLog, path: Path) -> tuple[int, int]:
    """Add the events of a file to the log: all of them, or none.

    Files may be imported in any order, and more than once: what stands afterwards is the same.

    Parameters
    ----------
    log : DecisionLog
        Of the run that the file was exported from.
    path : Path

    Returns
    -------
    new, known : int
        Events that were added, and that were in the log already.

    Raises
    ------
    LogError
        If the file cannot be read, or a line of it is not an event of this run; nothing is added then.
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
    """Line number and event of each line that is not blank."""
    latest = datetime.now(UTC) + _AHEAD
    try:
        with open_file(path) as file:
            number = 0
            while line := file.readline(_LONGEST):
                number += 1
                if not line.isspace():
                    yield number, _event(line, number, path, run_id, latest)
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror or error}.", "Name another file.") from error


def _event(line: bytes, number: int, path: Path, run_id: str, latest: datetime) -> Event:
    try:
        event = Event.model_validate_json(line, strict=True)
        if event.kind == "decide":
            check_labels(event)
    except ValidationError as error:
        raise _refused(path, number, str(first_fault(error, Event))) from None
    except DecisionError as error:
        raise _refused(path, number, error.what) from None
    if event.run_id != run_id:
        raise _refused(path, number, f"an event of run {event.run_id!r}; this is the decision log of {run_id!r}")
    if event.at > latest:
        raise _refused(path, number, f"at: {event.at} is in the future; the clock of a machine is wrong")
    return event


def _refused(path: Path, line: int, why: str) -> LogError:
    return LogError(
        f"{path}, line {line}: {why.removesuffix('.')}. Nothing was imported.",
        "Import a file that `auditor log export` has written, into the run that it is of; or mend the line.",
    )
