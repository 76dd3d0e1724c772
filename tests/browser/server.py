"""A server of the review page, as a process of its own that can be killed, and its decision log."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog, run_id
from auditor.run import find_run
from tests.forks import Fork, Forks

PATIENCE = 300


class Server:
    """`auditor review`, on a free port of this machine, which it keeps when it starts anew.

    Parameters
    ----------
    directory : Path
        Of the run.
    forks : Forks or None
        Where it is forked; it is started as users start it when None.
    """

    def __init__(self, directory: Path, *options: str, forks: Forks | None = None) -> None:
        self.directory, self.forks = directory, forks
        # Most tests know which card comes next; those of the default queue say so.
        self._options = options if "--order" in options else ("--order", "static", *options)
        self._output = directory.with_suffix(".out")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._process: subprocess.Popen[bytes] | Fork | None = None

    def start(self) -> None:
        words = ["review", str(self.directory), "--no-open", "--port", str(self.port), *self._options]
        if self.forks:
            self._process = self.forks.start(*words, output=self._output)
        else:
            with self._output.open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "auditor", *words], stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, f"The server has ended:\n{self.output}"
            assert time.monotonic() < end, f"The server does not answer:\n{self.output}"
            time.sleep(0.05)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill it with SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8")

    def events(self, reviewer: str) -> list[Event]:
        """What the log holds of a reviewer, in the order of arrival."""
        with self.log() as log:
            return [event for event in log.all_events() if event.reviewer == reviewer]

    def standing(self, reviewer: str) -> dict[str | None, str | None]:
        """Verdict by item, of those of a reviewer that stand."""
        with self.log() as log:
            return {event.item_id: event.verdict for event in log.standing() if event.reviewer == reviewer}

    def log(self) -> closing[DecisionLog]:
        """Open the decision log."""
        return closing(DecisionLog(self.directory / "decisions.db", run_id(find_run(self.directory))))

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/api/session")
            return connection.getresponse().status in (200, 401)
        except OSError:
            return False
        finally:
            connection.close()


def brief(event: Event) -> tuple[Any, ...]:
    """What of an event a test compares."""
    return event.item_id, event.verdict, event.new_labels
