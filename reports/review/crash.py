"""Kill a process that writes decisions, many times; report in crash.json whether an acknowledged decision was lost.

    python reports/review/crash.py [--kills 200] [--db URL] [--out crash.json]

A writer decides, judges in bulk, undoes and redoes as fast as it can, and prints each event's id once the log has
confirmed that it is written. SIGKILL ends it at a random moment, sometimes before it has opened the log. After
each kill, the log is opened anew. Every acknowledged event must be in it, of a bulk action all events or none, and the
current verdicts must be those that the events lead to.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog

HERE = Path(__file__).parent
ROWS, BULK, LONGEST = 500, 50, 0.2
OPENED = "opened"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--db", help="a PostgreSQL database; omit it for a temporary SQLite file")
    parser.add_argument("--out", type=Path, default=HERE / "crash.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = crash(options.db or Path(folder) / "decisions.db", options.kills)
    recorded = json.loads(options.out.read_text()) if options.out.exists() else {}
    database = "postgresql" if options.db else "sqlite"
    options.out.write_text(json.dumps({**recorded, database: found}, indent=1) + "\n")
    print(
        f"{found['kills']} kills ({found['idle_kills']} before the first decision), {found['acknowledged']} events"
        f" acknowledged, {found['lost']} lost, {found['torn_bulks']} bulks torn; {found['unacknowledged']} written, but"
        " killed before they were acknowledged."
    )


def crash(place: Path | str, kills: int) -> dict[str, Any]:
    chance, start = random.Random(0), time.perf_counter()
    run_id = f"crash-{chance.getrandbits(32):x}-{os.getpid()}"
    acknowledged: set[str] = set()
    idle = lost = torn = 0
    for number in range(kills):
        at_once = number % 10 == 0  # maybe while it opens the log
        confirmed = write_and_kill(place, run_id, number, chance.uniform(0, LONGEST), at_once)
        idle += not confirmed
        acknowledged |= confirmed
        log = DecisionLog(place, run_id)  # as after a restart
        logged = {event.event_id: event.batch_id for event in log.all_events()}
        lost += len(confirmed - logged.keys())
        torn += sum(size != BULK for batch, size in Counter(logged.values()).items() if batch)
        log.close()
    log = DecisionLog(place, run_id)
    stands = {(event.item_id, event.reviewer): event.event_id for event in log.standing()}
    log.rebuild()
    rebuilt = {(event.item_id, event.reviewer): event.event_id for event in log.standing()}
    log.close()
    return {
        "kills": kills,
        "idle_kills": idle,
        "acknowledged": len(acknowledged),
        "lost": lost + len(acknowledged - logged.keys()),
        "torn_bulks": torn,
        "unacknowledged": len(logged.keys() - acknowledged),
        "standing_as_rebuilt": stands == rebuilt,
        "seconds": round(time.perf_counter() - start, 1),
    }


def write_and_kill(place: Path | str, run_id: str, number: int, delay: float, at_once: bool) -> set[str]:
    """Ids that a writer acknowledged before it was killed, so long after it was started or had opened the log."""
    receiving, sending = os.pipe()
    # A fork of a process that holds no log: it starts in a millisecond, and so can be killed two hundred times.
    writer = multiprocessing.get_context("fork").Process(target=write, args=(place, run_id, number, sending))
    writer.start()
    os.close(sending)
    with os.fdopen(receiving, "rb") as output:
        if not at_once:
            output.readline()
        time.sleep(delay)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        assert writer.exitcode == -signal.SIGKILL, "it failed before it was killed"
        return {line.decode() for line in output.read().split(b"\n")[:-1]} - {OPENED}


def write(place: Path | str, run_id: str, number: int, out: int) -> None:
    chance, log = random.Random(number), DecisionLog(place, run_id)
    os.write(out, f"{OPENED}\n".encode())
    for step in range(1_000_000):
        event_id, reviewer = f"{number}-{step}", chance.choice(["ann", "bob"])
        kind = chance.choices(["decide", "bulk", "undo", "redo"], [6, 1, 2, 1])[0]
        if kind == "undo" or kind == "redo":
            turned = getattr(log, kind)(reviewer, event_id)
            written = [event_id] if turned else []
        else:
            rows = chance.sample(range(ROWS), BULK if kind == "bulk" else 1)
            batch = event_id if kind == "bulk" else None
            written = log.append([decision(run_id, f"{event_id}-{row}", f"row-{row}", reviewer, batch) for row in rows])
        if written:
            os.write(out, "".join(f"{written_id}\n" for written_id in written).encode())


def decision(run_id: str, event_id: str, item_id: str, reviewer: str, batch: str | None) -> Event:
    return Event(
        event_id=event_id,
        run_id=run_id,
        kind="decide",
        item_id=item_id,
        item_hash="0" * 32,
        reviewer=reviewer,
        verdict="keep",
        at=datetime.now(UTC),
        source="bulk" if batch else "queue",
        batch_id=batch,
    )


if __name__ == "__main__":
    main()
