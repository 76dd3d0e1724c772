"""Parts as tasks of a Ray cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from importlib import import_module
from typing import Any

from auditor.errors import WorkerError
from auditor.runner.base import Need, Part, Report, Result, Task, address_of, lost, perform, result_of

_EVERY = 1.0
"""Seconds between two reports of a part's progress."""


class Ray:
    """Runs each part as a task of Ray Core.

    The run directory must be visible under the same path on every node, and the same packages must be installed there.

    Parameters
    ----------
    address : str, optional
        Address of the cluster. Default: the environment's ``RAY_ADDRESS``, else a cluster that runs on this machine,
        else a new one on this machine that ends with the work.

    Raises
    ------
    WorkerError
        If Ray is not installed, or the cluster cannot be reached.
    """

    def __init__(self, address: str | None = None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
        try:
            self._ray: Any = import_module("ray")
        except ImportError:
            raise WorkerError("Ray is not installed.", "Run: pip install 'label-auditor[ray]'") from None
        self._address = address

    def at_once(self, parts: int, need: Need) -> int:
        """Return the number of parts that the cluster has room for, at least 1."""
        self._connect()
        total = self._ray.cluster_resources()
        room = total.get("CPU", 0) // need.threads
        return max(1, min(parts, int(min(room, total.get("GPU", 0) // need.gpus) if need.gpus else room)))

    def map(
        self, task: Task, parts: Sequence[Part], need: Need, progress: Callable[[int, int, int], None]
    ) -> Generator[tuple[int, Result], None, None]:
        """Run a task on each part; see :meth:`Runner.map`."""
        self._connect()
        ray = self._ray
        affinity = import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        here = affinity(ray.get_runtime_context().get_node_id(), soft=False)
        board = ray.remote(_Board).options(num_cpus=0, scheduling_strategy=here).remote()
        remote = ray.remote(_perform).options(
            num_cpus=need.threads, num_gpus=need.gpus, max_retries=1, scheduling_strategy="SPREAD"
        )
        numbers = {
            remote.remote(address_of(task), dict(part.arguments), board, number): number
            for number, part in enumerate(parts)
        }
        waiting = list(numbers)
        try:
            while waiting:
                finished, waiting = ray.wait(waiting, timeout=_EVERY)
                for number, (done, total) in ray.get(board.take.remote()).items():
                    progress(number, done, total)
                for reference in finished:
                    number = numbers[reference]
                    yield number, result_of(self._outcome(reference, parts[number]))
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
            self._ray.init(address=self._address, include_dashboard=False, logging_level="warning", log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise WorkerError(
                f"The Ray cluster {self._address or os.environ.get('RAY_ADDRESS', '')!r} cannot be reached: "
                f"{str(error).strip().splitlines()[0]}",
                "Check the address, and that the cluster is running: ray status",
            ) from None


class _Board:
    """The latest progress of each part, kept on the caller's node, which outlives the others."""

    def __init__(self) -> None:
        self._latest: dict[int, tuple[int, int]] = {}

    def put(self, number: int, done: int, total: int) -> None:
        self._latest[number] = done, total

    def take(self) -> dict[int, tuple[int, int]]:
        latest, self._latest = self._latest, {}
        return latest


def _perform(address: str, arguments: Mapping[str, Any], board: Any, number: int) -> dict[str, Any]:
    return perform(address, arguments, _reporter(board, number))


def _reporter(board: Any, number: int) -> Report:
    """Return a callback that reports to the board, at most once a second and without waiting."""
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            board.put.remote(number, done, total)

    return report
