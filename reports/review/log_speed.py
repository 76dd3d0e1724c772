"""Measure the decision log with a million events on a million rows, and write it to log_speed.json.

    python reports/review/log_speed.py [--events 1000000] [--db URL] [--out log_speed.json]

The log is built in one transaction, then asked what the review page asks. Times are in milliseconds: of what a press of
a key waits for, the median and the 95th percentile over many times; of the rest, the median over a few.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from auditor.review.log.event import VERDICTS, Event
from auditor.review.log.log import DecisionLog

HERE = Path(__file__).parent
REVIEWERS = ("ann", "bob", "cid", "dee")
BULK, OFTEN, SOME = 100_000, 200, 3
RUN = f"speed-{time.time_ns():x}"

numbers = count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--db", help="a PostgreSQL database; omit it for a temporary SQLite file")
    parser.add_argument("--out", type=Path, default=HERE / "log_speed.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = options.db or Path(folder) / "decisions.db"
        log = DecisionLog(place, RUN, patience=600)
        found = {"events": options.events, **measure(log, options.events)}
        if isinstance(place, Path):
            found["megabytes"] = round(place.stat().st_size / 1e6)
        log.close()
        found["open"] = timed(lambda: DecisionLog(place, RUN).close(), 1)  # a file is looked through then, once
    recorded = json.loads(options.out.read_text()) if options.out.exists() else {}
    database = "postgresql" if options.db else "sqlite"
    options.out.write_text(json.dumps({**recorded, database: found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def measure(log: DecisionLog, events: int) -> dict[str, object]:
    rows = [f"train-{number}" for number in range(events)]
    found: dict[str, object] = {}
    found["build"] = timed(lambda: log.append(decisions(rows)), 1)
    some = rows[:: max(1, events // 50)]
    last = log.changes(events).seq

    for name, action in {
        "append one": lambda: log.append(decisions(rows[:1])),
        "undo": lambda: log.undo("ann", new_id()),
        "redo": lambda: log.redo("ann", new_id()),
        "history of a row": lambda: log.history(rows[7]),
        "standing on 50 rows": lambda: list(log.standing(some)),
        "changes since": lambda: log.changes(last),
    }.items():
        found[name] = timed(action, OFTEN)
    found["reviewers"] = timed(log.reviewers, SOME)
    found["standing, all"] = timed(lambda: consume(log.standing()), 1)
    found["changes, all"] = timed(lambda: log.changes(0), 1)
    chosen = rows[: min(BULK, events)]
    last = log.changes(last).seq
    found["bulk of 100,000"] = timed(lambda: log.append(decisions(chosen, "batch")), 1)
    found["undo of the bulk"] = timed(lambda: log.undo("ann", new_id(), "batch"), 1)
    found["changes since the bulk"] = timed(lambda: log.changes(last), 1)
    found["redo of the bulk"] = timed(lambda: log.redo("ann", new_id(), "batch"), 1)
    found["append one, after it"] = timed(lambda: log.append(decisions(rows[:1])), OFTEN)
    return found


def decisions(rows: Iterable[str], batch: str | None = None) -> Iterator[Event]:
    for row in rows:
        number = next(numbers)
        verdict = VERDICTS[number % 4 and number % len(VERDICTS)]
        yield Event(
            event_id=f"{number:032x}",
            run_id=RUN,
            kind="decide",
            item_id=row,
            item_hash="0" * 32,
            reviewer="ann" if batch else REVIEWERS[number % len(REVIEWERS)],
            verdict=verdict,
            new_labels=("joy", "love")[: {"relabel": 1, "ambiguous": 2}.get(verdict, 0)],
            at=datetime.now(UTC),
            seconds=None if batch else 1 + number % 1_000 / 100,
            source="bulk" if batch else "queue",
            batch_id=batch,
            suspicion_seen=number % 1_000 / 1_000,
        )


def new_id() -> str:
    return f"{next(numbers):032x}"


def consume(items: Iterable[object]) -> None:
    for _ in items:
        pass


def timed(action: Callable[[], object], times: int) -> float | dict[str, float]:
    """Milliseconds: median and 95th percentile of many times, the median alone of a few."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append((time.perf_counter() - start) * 1e3)
    middle = round(statistics.median(taken), 2)
    if times < OFTEN:
        return middle
    return {"median": middle, "p95": round(statistics.quantiles(taken, n=20)[-1], 2)}


if __name__ == "__main__":
    main()
