"""Parts as tasks of a Ray cluster."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import Any

from auditor.errors import WorkerError
from auditor.runner.base import Done, Need, Part, Report, Task, done_of, lost, perform
from auditor.runner.exchange import Exchange

_EVERY = 1.0
"""Seconds between two reports of a part's progress."""
_REACHED_WITHIN = 10.0
"""Seconds within which the cluster's address must answer."""


class Ray:
    """Runs each part as a task of Ray Core.

    The same packages must be installed on every node. Unless there is an exchange, the run directory must be visible
    under the same path on every node.

    Parameters
    ----------
    address : str, optional
        Address of the cluster. Default: the environment's ``RAY_ADDRESS``, else a cluster that runs on this machine,
        else a new one on this machine that ends with the work.
    exchange : str, optional
        Address of a folder that every node reaches, as fsspec writes it: ``s3://bucket/folder``. Inputs and results
        travel through it.

    Raises
    ------
    ConfigError
        If the address of the exchange is unknown to fsspec.
    WorkerError
        If Ray is not installed, or the cluster cannot be reached.
    StorageError
        If the exchange cannot be written.
    """

    def __init__(self, address: str | None = None, exchange: str | None = None) -> None:
        self._exchange = None if exchange is None else Exchange(exchange)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
        try:
            self._ray: Any = import_module("ray")
        except ImportError:
            raise WorkerError("Ray is not installed.", "Run: pip install 'label-auditor[ray]'") from None
        self._address = address or os.environ.get("RAY_ADDRESS")
        self._check_reachable()
        if self._exchange:
            self._exchange.check()

    def at_once(self, parts: int, need: Need) -> int:
        """Return the number of parts that the cluster has room for, at least 1."""
        self._connect()
        total = self._ray.cluster_resources()
        room = total.get("CPU", 0) // need.threads
        return max(1, min(parts, int(min(room, total.get("GPU", 0) // need.gpus) if need.gpus else room)))

    def map(
        self, task: Task, parts: Sequence[Part], need: Need, progress: Callable[[int, int, int], None]
    ) -> Generator[tuple[int, Done], None, None]:
        """Run a task on each part; see :meth:`Runner.map`."""
        with self._exchange.folder() if self._exchange else nullcontext() as exchange:
            yield from self._map(task, parts, need, progress, exchange)

    def _map(
        self,
        task: Task,
        parts: Sequence[Part],
        need: Need,
        progress: Callable[[int, int, int], None],
        exchange: Exchange | None,
    ) -> Generator[tuple[int, Done], None, None]:
        self._connect()
        ray = self._ray
        affinity = import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        here = affinity(ray.get_runtime_context().get_node_id(), soft=False)
        board = ray.remote(_Board).options(num_cpus=0, scheduling_strategy=here).remote()
        remote = ray.remote(_perform).options(
            num_cpus=need.threads, num_gpus=need.gpus, max_retries=1, scheduling_strategy="SPREAD"
        )
        calls = [part.call(task) for part in parts]
        if exchange:
            calls = [exchange.send(call, part.files) for call, part in zip(calls, parts, strict=True)]
        numbers = {remote.remote(call, board, number): number for number, call in enumerate(calls)}
        waiting = list(numbers)
        try:
            while waiting:
                finished, waiting = ray.wait(waiting, timeout=_EVERY)
                with suppress(ray.exceptions.RayActorError):  # without the board, only the display of progress is lost
                    for number, (done, total) in ray.get(board.take.remote()).items():
                        progress(number, done, total)
                for reference in finished:
                    number = numbers[reference]
                    outcome = self._outcome(reference, parts[number])
                    yield number, done_of(exchange.receive(outcome, parts[number].space) if exchange else outcome)
        finally:
            for reference in waiting:
                ray.cancel(reference, force=True)
            ray.kill(board)

    def _outcome(self, reference: Any, part: Part) -> Mapping[str, Any]:
        try:
            outcome: Mapping[str, Any] = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            raise lost(part, str(error).strip().splitlines()[0].rstrip(".")) from None
        return outcome

    def _connect(self) -> None:
        if self._ray.is_initialized():
            return
        try:
            self._ray.init(address=self._address, include_dashboard=False, logging_level="error", log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise self._unreachable(error) from None

    def _check_reachable(self) -> None:
        """Connect to a given host and port: Ray itself would try for minutes."""
        found = re.fullmatch(r"(?:ray://)?\[?([^\[\]]+)\]?:(\d+)", self._address or "")
        try:
            if found:
                socket.create_connection((found[1], int(found[2])), timeout=_REACHED_WITHIN).close()
        except (OSError, OverflowError) as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> WorkerError:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return WorkerError(
            f"The Ray cluster {self._address or ''!r} cannot be reached: {reason}",
            "Check the address, and that the cluster is running: ray status",
        )


class _Board:
    """The latest progress of each part, kept on the caller's node, which outlives the others."""

    def __init__(self) -> None:
        self._latest: dict[int, tuple[int, int]] = {}

    def put(self, number: int, done: int, total: int) -> None:
        self._latest[number] = done, total

    def take(self) -> dict[int, tuple[int, int]]:
        latest, self._latest = self._latest, {}
        return latest


def _perform(call: Mapping[str, Any], board: Any, number: int) -> dict[str, Any]:
    return perform(call, _reporter(board, number))


def _reporter(board: Any, number: int) -> Report:
    """Return a callback that reports to the board, at most once a second and without waiting."""
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            board.put.remote(number, done, total)

    return report
