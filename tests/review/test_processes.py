"""Several processes at once, and processes that die."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from auditor.errors import LogError
from auditor.review.log.log import DecisionLog
from tests.review.events import RUN, decide

pytestmark = pytest.mark.slow

Open = Callable[..., DecisionLog]
ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from pathlib import Path
from auditor.review.log.log import DecisionLog
from tests.review.events import bulk, decide

place, kind, name = sys.argv[1:]
log = DecisionLog(Path(place) if kind == "path" else place, "run-1")
for number in range(60):
    if number % 20 == 0:
        print("ready", flush=True)
        sys.stdin.readline()
    if number % 10 == 9:
        log.append(bulk([f"{name}-{number}-{part}" for part in range(30)], f"{name}-batch-{number}", name))
    else:
        log.append([decide(f"{name}-{number}", name, event_id=f"{name}-{number}")])
    if number % 7 == 6:
        log.undo(name, f"{name}-undo-{number}")
log.close()
"""


def test_two_processes_lose_nothing_and_a_third_misses_nothing(place: Path | str, open_log: Open) -> None:
    log = open_log()
    arguments = (str(place), "path" if isinstance(place, Path) else "url")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, *arguments, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for name in ("ann", "bob")
    ]
    seen, rows = 0, set[str]()
    for _ in range(3):
        before = seen
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        waited_for = [writer.stdout for writer in writers]
        while len(select.select(waited_for, [], [], 0)[0]) < len(writers) or log.changes(seen).item_ids:
            changes = log.changes(seen)
            seen = changes.seq
            rows.update(changes.item_ids)
        assert seen > before, "it sees what they write before they end"
    assert [writer.wait() for writer in writers] == [0, 0]
    for writer in writers:
        writer.communicate()
    events = list(log.all_events())
    assert len(events) == seen == 2 * (54 + 6 * 30 + 8)
    assert rows == {event.item_id for event in events if event.kind == "decide"}
    assert [event.at for event in events] == sorted({event.at for event in events})


def test_what_was_acknowledged_survives_a_kill(place: Path | str, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "reports" / "review" / "crash.py"), "--kills=10"]
    command += [f"--out={tmp_path / 'crash.json'}"] + ([] if isinstance(place, Path) else [f"--db={place}"])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [found] = json.loads((tmp_path / "crash.json").read_text()).values()
    assert found["kills"] == 10
    assert found["acknowledged"] > 0
    assert found["lost"] == found["torn_bulks"] == 0
    assert found["standing_as_rebuilt"]


def test_what_a_killed_process_has_left_beside_the_log_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    code = (
        "import os, sqlite3, sys; from pathlib import Path; from auditor.review.log.log import DecisionLog;"
        "from tests.review.events import decide; log = DecisionLog(Path(sys.argv[1]), 'run-1');"
        "log.append([decide('1')]); log.close();"
        "half = sqlite3.connect(sys.argv[1], isolation_level=None); half.execute('PRAGMA cache_size = 1');"
        "half.execute('BEGIN'); half.execute('INSERT INTO actions SELECT run, ?, action, 1, 1, 1 FROM actions', 'b');"
        "half.executemany('INSERT INTO selections VALUES (1, ?, ?)', [(str(n), 'x' * 900) for n in range(200)]);"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path], cwd=ROOT).returncode == 9
    assert (tmp_path / "decisions.db-journal").stat().st_size > 0
    with closing(DecisionLog(path, RUN)) as log:
        assert [event.item_id for event in log.standing()] == ["1"]
        assert [each.reviewer for each in log.reviewers()] == ["ann"]
    assert os.listdir(tmp_path) == ["decisions.db"]


SERVER = """
import sys
from pathlib import Path
from auditor.review.log.log import DecisionLog
from tests.review.events import decide

log = DecisionLog(Path(sys.argv[1]), "run-1")
for line in sys.stdin:
    log.append([decide(line.strip(), event_id=line.strip())])
    print("saved", flush=True)
"""


def test_nothing_acknowledged_is_lost_with_the_files_beside_the_log(tmp_path: Path) -> None:
    """Whatever is removed under a running server while another process opens the log, and whoever is killed then."""
    path, number = tmp_path / "decisions.db", 0
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for _ in range(3):
            for _ in range(2):
                print(f"server-{number}", file=server.stdin, flush=True)
                assert server.stdout.readline() == "saved\n"
                number += 1
                for file in tmp_path.iterdir():
                    if file != path:
                        file.unlink()
            with closing(DecisionLog(path, RUN)) as other:
                other.append([decide("other", event_id=f"other-{number}")])
        server.kill()
    with closing(DecisionLog(path, RUN)) as log:
        assert len(list(log.all_events())) == number + 3


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_connections_cut_in_the_middle_lose_nothing_acknowledged(place: str, open_log: Open) -> None:
    log, acknowledged, over = open_log(), list[str](), Event()

    def write() -> None:
        for number in range(80):
            mine = decide(f"row-{number}", event_id=f"event-{number}")
            while True:
                try:
                    log.append([mine])  # sent again after a failure, as the page does
                except LogError:
                    continue
                acknowledged.append(mine.event_id)
                break
        over.set()

    writer = Thread(target=write)
    writer.start()
    engine = create_engine(place, poolclass=NullPool)
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    while not over.wait(0.02):
        with engine.connect() as connection:
            connection.execute(others)
    writer.join()
    engine.dispose()
    log.close()
    assert [event.event_id for event in open_log().all_events()] == acknowledged


def test_a_clock_that_goes_back_keeps_the_order(place: Path | str, open_log: Open) -> None:
    log, backwards = open_log(), iter(datetime(2026, 5, day, tzinfo=UTC) for day in range(28, 0, -1))

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return next(backwards)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.review.log.records.datetime", Clock)
        for number in range(5):
            log.append([decide("row", verdict=("keep", "exclude")[number % 2], event_id=f"event-{number}")])
        log.undo("ann", "undo")
    events = list(log.all_events())
    assert [event.event_id for event in events] == [*(f"event-{number}" for number in range(5)), "undo"]
    assert [event.event_id for event in log.standing()] == ["event-3"]
