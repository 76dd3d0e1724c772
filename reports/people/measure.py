"""Measure how fifty people review together: real HTTP, several servers, one PostgreSQL.

    python reports/people/measure.py --run reports/runs/flags/emotion-text

Each simulated person does what the page does: asks for cards ahead, decides one every few seconds, asks every two
seconds whether anything was decided elsewhere and after each decision whether enough is read, and renews the leases of
its cards. Afterwards the log is compared with what was sent. Counted are decisions that were answered as saved and are
not in the log (lost), and rows that two people had in hand at the same time and both decided (doubled without being
asked for: a second look at a blind card is served only after the first verdict). Processor time is that of the servers
and of PostgreSQL: unlike the time that a person waits, it says something on a machine that others use too.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import psutil
from sqlalchemy import NullPool, create_engine

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from auditor.review.log.log import DecisionLog, run_id  # noqa: E402
from auditor.run import find_run  # noqa: E402
from tests.postgres import new_database, postgres  # noqa: E402

AHEAD = 4
"""Cards that a page holds besides the one on the screen."""
PULSE, RENEWAL = 2.0, 30.0
"""Seconds between two questions whether anything was decided elsewhere, and between two renewals of leases."""


@dataclass
class Held:
    """One card in somebody's hand: when it came, and the decision that was answered as saved."""

    item: str
    served: float
    event: str = ""


@dataclass
class Person:
    """A simulated reviewer: a connection with a cookie, and a hand of cards."""

    name: str
    port: int
    run: str
    decisions: int
    pace: float
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cards: list[Held] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    vanished: int = 0

    def work(self) -> None:
        """Review until all decisions are made."""
        chance = random.Random(self.name)
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self._cookie = ""
        self._post("name", {"name": self.name})
        time.sleep(chance.uniform(0, self.pace))
        deck: list[dict[str, Any]] = []
        renewed = time.monotonic()
        for number in range(self.decisions):
            until = time.monotonic() + self.pace * chance.uniform(0.5, 1.5)
            deck = self._deal(deck)
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(left, PULSE))
                self._call("pulse", "GET", "/api/pulse")
                if time.monotonic() - renewed > RENEWAL:
                    renewed = time.monotonic()
                    self._post("hold", {"run": self.run, "held": [card["id"] for card in deck]})
            if not deck:
                self.errors.append("no card is left")
                return
            deck = self._decide(deck, number, chance)

    def _deal(self, deck: list[dict[str, Any]]) -> list[dict[str, Any]]:
        wanted = AHEAD + 1 - len(deck)
        if wanted <= 0:
            return deck
        sent = {"run": self.run, "held": [card["id"] for card in deck], "limit": wanted}
        dealt = self._post("next", sent).get("cards", [])
        self.cards += [Held(card["id"], time.time()) for card in dealt]
        return deck + dealt

    def _decide(self, deck: list[dict[str, Any]], number: int, chance: random.Random) -> list[dict[str, Any]]:
        card, *rest = deck
        wrong = card["suggested"] is not None and chance.random() < 0.2
        press = {
            "event_id": f"{self.name}-{number}".replace(" ", "-"),
            "kind": "decide",
            "item_id": card["id"],
            "item_hash": card["hash"],
            "verdict": "relabel" if wrong else "keep",
            "new_labels": [card["suggested"]] if wrong else [],
            "seconds": self.pace,
            "hidden": card["hidden"],
        }
        answer = self._post("events", {"run": self.run, "events": [press], "held": [other["id"] for other in rest]})
        (result,) = answer.get("results") or [{}]
        held = next(entry for entry in reversed(self.cards) if entry.item == card["id"])
        if result.get("status") == "saved":
            held.event = press["event_id"]
        else:
            self.errors.append(f"{press['event_id']}: {result or answer}")
        self._call("stop", "GET", "/api/stop")
        gone = {*answer.get("gone", ()), *answer.get("done", ())}
        self.vanished += sum(other["id"] in gone for other in rest)
        return [other for other in rest if other["id"] not in gone]

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call(path, "POST", f"/api/{path}", json.dumps(body))

    def _call(self, name: str, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}"}
        headers |= {"Cookie": self._cookie} if self._cookie else {}
        start = time.monotonic()
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            found: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.errors.append(f"{name}: {error!r}")
            self._connection.close()
            return {}
        self.seconds[name].append(time.monotonic() - start)
        if cookie := response.headers.get("Set-Cookie"):
            self._cookie = cookie.partition(";")[0]
        if response.status != 200:
            self.errors.append(f"{name}: {response.status} {found}")
        return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--run", type=Path, required=True)
    options.add_argument("--people", type=int, default=50)
    options.add_argument("--decisions", type=int, default=40, help="of each person")
    options.add_argument("--pace", type=float, default=5.0, help="seconds a decision")
    options.add_argument("--servers", type=int, default=2)
    options.add_argument("--port", type=int, default=7890)
    given = options.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        directory = Path(shutil.copytree(given.run, folder / "run", ignore=shutil.ignore_patterns("decisions.db*")))
        address = new_database(stack.enter_context(postgres()))
        ports = [given.port + number for number in range(given.servers)]
        servers = [stack.enter_context(served(directory, address, port, folder / f"{port}.out")) for port in ports]
        measured = {"servers": servers, "database": [server_of(address)]}
        log = stack.enter_context(closing(DecisionLog(address, run_id(find_run(directory)))))
        people = [
            Person(f"person {number:02}", ports[number % len(ports)], log.run_id, given.decisions, given.pace)
            for number in range(given.people)
        ]
        load, start, cpu = os.getloadavg()[0], time.monotonic(), [*map(processor_seconds, measured.values())]
        threads = [Thread(target=person.work) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - start
        found = compare(people, log) | {
            "people": given.people,
            "servers": given.servers,
            "seconds_a_decision": given.pace,
            "seconds": round(took, 1),
            "milliseconds": milliseconds(people),
            "processor_milliseconds_a_decision": {
                name: round(1000 * (processor_seconds(processes) - before) / (given.people * given.decisions), 1)
                for (name, processes), before in zip(measured.items(), cpu, strict=True)
            },
            "rows": find_run(directory).dataset.rows,
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "load_before": round(load, 1),
            "load_after": round(os.getloadavg()[0], 1),
        }
    text = json.dumps(found, indent=2)
    (Path(__file__).parent / "results.json").write_text(text + "\n", "utf-8")
    print(text)


class served:  # noqa: N801  # a context manager
    """Run ``auditor review`` until the end of the block."""

    def __init__(self, directory: Path, address: str, port: int, output: Path) -> None:
        self._words = ["review", str(directory), "--db", address, "--port", str(port), "--no-open"]
        self._port, self._output = port, output

    def __enter__(self) -> psutil.Process:
        with self._output.open("wb") as output:
            command = [sys.executable, "-m", "auditor", *self._words]
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        for _ in range(3_000):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
                connection.request("GET", "/api/session")
                if connection.getresponse().status == 200:
                    return psutil.Process(self._process.pid)
            except OSError:
                time.sleep(0.1)
            if self._process.poll() is not None:
                break
        self.__exit__()
        raise SystemExit(self._output.read_text("utf-8"))

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def server_of(address: str) -> psutil.Process:
    """Find the first process of a PostgreSQL server: the parent of the one that answers."""
    with create_engine(address, poolclass=NullPool).connect() as connection:
        found = psutil.Process(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()).parent()
    assert found is not None
    return found


def processor_seconds(processes: list[psutil.Process]) -> float:
    """Processor time of some processes and their children so far."""
    found = 0.0
    for process in [*processes, *(child for parent in processes for child in parent.children(recursive=True))]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found += times.user + times.system + times.children_user + times.children_system
    return found


def compare(people: list[Person], log: DecisionLog) -> dict[str, Any]:
    """Compare what was sent with what is in the log."""
    events = [event for event in log.all_events() if event.kind == "decide"]
    answered = {card.event for person in people for card in person.cards if card.event}
    logged = [event.event_id for event in events]
    saved = {event.event_id: event.at.timestamp() for event in events}
    hands = defaultdict(list)
    for person in people:
        for card in person.cards:
            if card.event:
                hands[card.item].append(card)
    doubled = overlapping = 0
    for cards in hands.values():
        cards.sort(key=lambda card: card.served)
        doubled += len(cards) - 1
        overlapping += sum(later.served < saved.get(earlier.event, 0) for earlier, later in pairwise(cards))
    errors = [error for person in people for error in person.errors]
    return {
        "decisions": len(answered),
        "lost": len(answered - {*logged}),
        "written_twice": len(logged) - len({*logged}),
        "second_looks_and_repeats": doubled - overlapping,
        "doubled_without_being_asked_for": overlapping,
        "vanished_from_hands": sum(person.vanished for person in people),
        "errors": len(errors),
        "first_errors": errors[:5],
    }


def milliseconds(people: list[Person]) -> dict[str, dict[str, float]]:
    """Time of each kind of request, as a person waits for it."""
    found = {}
    for name, title in {
        "events": "decision",
        "next": "next cards",
        "pulse": "pulse",
        "hold": "lease",
        "stop": "stop",
    }.items():
        times = 1000 * np.array([second for person in people for second in person.seconds[name]])
        if len(times):
            p50, p95, p99 = np.percentile(times, (50, 95, 99)).round(1).tolist()
            longest = round(float(times.max()), 1)
            found[title] = {"requests": len(times), "p50": p50, "p95": p95, "p99": p99, "longest": longest}
    return found


if __name__ == "__main__":
    main()
