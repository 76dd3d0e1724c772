"""Two nodes of Ray on this machine, one of which is killed; the tests run where the extra ``ray`` is installed."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.errors import ConfigError, ModelError, StorageError, WorkerError
from auditor.runner import Done, Need, Part, Ray, Task
from tests.runner import tasks

ROOT = Path(__file__).parents[2]
NODE = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80_000_000}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of one node; its processes import from the repository, as this one does."""
    pytest.importorskip("ray.cluster_utils", reason="ray is not installed; the extra `ray` has it")
    import ray
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else Ray warns of a default that will change
        patch.setenv("RAY_worker_niceness", "0")  # the tests wait for the workers
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        made = Cluster(initialize_head=True, head_node_args=NODE)
        yield made
        ray.shutdown()
        made.shutdown()


def run(cluster: Any, task: Task, space: Path, *arguments: dict[str, Any]) -> dict[int, Any]:
    parts = [Part(f"part-{number}", each, space) for number, each in enumerate(arguments)]
    found = Ray(cluster.address).map(task, parts, Need(), lambda number, done, total: None)
    return {number: done.result for number, done in found}


def test_errors_arrive_as_they_were_raised_and_a_killed_worker_costs_its_part_one_start(
    cluster: Any, tmp_path: Path
) -> None:
    with pytest.raises(ModelError) as caught:
        run(cluster, tasks.refuse, tmp_path, {})
    assert (caught.value.what, caught.value.todo) == ("What was found.", "What to do.")
    once, twice = ({"file": str(tmp_path / name), "deaths": deaths} for name, deaths in zip("ab", (1, 2), strict=True))
    assert run(cluster, tasks.die, tmp_path, once) == {0: {"tries": 2}}
    with pytest.raises(WorkerError, match="part-0 was started twice, and did not end either time"):
        run(cluster, tasks.die, tmp_path, twice)
    assert (tmp_path / "b").read_text() == "xx"


@pytest.mark.parametrize("exchanged", [False, True])
def test_when_the_caller_stops_all_tasks_end(cluster: Any, tmp_path: Path, exchanged: bool) -> None:
    exchange = f"file://{tmp_path}/exchange" if exchanged else None
    parts = [Part(str(number), {"file": str(tmp_path / f"pid-{number}")}, tmp_path) for number in range(3)]

    def interrupt(number: int, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Ray(cluster.address, exchange).map(tasks.stay, parts, Need(), interrupt))
    started = [int(file.read_text()) for file in tmp_path.glob("pid-?")]
    assert started
    assert all(tasks.ends(pid) for pid in started)
    assert not list(tmp_path.glob("exchange/*"))


class Killing(Ray):
    """Kills a node as soon as each has started a part, then lets the parts be done."""

    def __init__(self, cluster: Any, board: Path, exchange: str | None = None) -> None:
        super().__init__(cluster.address, exchange)
        self._cluster, self._node, self._board = cluster, cluster.add_node(**NODE), board
        self._started = set[int]()
        board.mkdir()

    def map(
        self, task: Task, parts: Sequence[Part], need: Need, progress: Callable[[int, int, int], None]
    ) -> Generator[tuple[int, Done], None, None]:
        def kill(number: int, done: int, total: int) -> None:
            self._started.add(number)
            if len(self._started) == 2 and not (self._board / "go").exists():
                self._cluster.remove_node(self._node, allow_graceful=False)
                (self._board / "go").touch()

        described = [
            replace(part, arguments={**part.arguments, "board": str(self._board), "part": f"part-{number}"})
            for number, part in enumerate(parts)
        ]
        return super().map(tasks.when_let, described, need, kill)

    @property
    def starts(self) -> list[int]:
        """How often each part was started, in order of size."""
        started = [path.name.split(".")[0] for path in self._board.glob("*.started")]
        return sorted(map(started.count, set(started)))


@pytest.mark.parametrize("exchanged", [False, True])
def test_a_killed_node_costs_its_fold_one_start_and_changes_no_byte(
    cluster: Any, tiny_model: Path, tmp_path: Path, exchanged: bool
) -> None:
    from auditor.models.sidebyside import pending_folds, train_side_by_side
    from auditor.models.transformer.weights import find_weights
    from tests.models.prepared import Prepared

    weights = find_weights(str(tiny_model))
    here, there = Prepared(tmp_path / "here", weights), Prepared(tmp_path / "there", weights)
    runner = Killing(cluster, tmp_path / "board", f"file://{tmp_path}/exchange" if exchanged else None)
    assert runner.at_once(3, Need()) >= 2  # Ray may still count the node of an earlier test
    with here.run.held(), there.run.held():
        left = pending_folds(there.run, there.parts("lexical"))
        train_side_by_side(there.run, left, there.config, weights, runner, Need(), lambda done, total: None)
        assert runner.starts == [1, 2]
        assert there.finish("lexical") == here.finish("lexical")
    assert not list(tmp_path.glob("exchange/*"))


def test_a_killed_node_costs_its_block_of_texts_one_start_and_changes_no_byte(
    cluster: Any, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auditor.config import EncoderConfig
    from auditor.models.transformer import encoding
    from auditor.models.transformer.encoder import Encoder
    from auditor.models.transformer.weights import find_weights

    monkeypatch.setattr(encoding, "_BATCHES", 1)
    texts = [f"so glad about the thing {row} today"[: 8 + row] for row in range(30)]
    encoder = Encoder(find_weights(str(tiny_model)), EncoderConfig(precision="float32", token_budget=80), "cpu")
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    runner = Killing(cluster, tmp_path / "board")
    told: list[tuple[int, int]] = []
    path = encoding.encode(encoder, texts, there, lambda *at: told.append(at), runner)
    assert path.read_bytes() == encoding.encode(encoder, texts, here).read_bytes()
    assert told[-1][0] == told[-1][1]
    assert len(runner.starts) > 2
    assert runner.starts[-2:] == [1, 2]  # one block was started twice


def test_a_missing_ray_and_a_missing_cluster_are_errors_of_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoCluster:
        is_initialized = staticmethod(lambda: False)

        @staticmethod
        def init(**options: Any) -> None:
            raise ConnectionError("Could not reach it.\nMore.")

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(WorkerError, match="Ray is not installed"):
        Ray()
    monkeypatch.setitem(sys.modules, "ray", NoCluster)
    with pytest.raises(WorkerError, match=r"The Ray cluster 'auto' cannot be reached: Could not reach it") as caught:
        Ray("auto").at_once(1, Need())
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nothing_listens_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"{scheme}127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setitem(sys.modules, "ray", SimpleNamespace())
        Ray(address)
    monkeypatch.setenv("RAY_ADDRESS", address)
    for given in (address, None):
        with pytest.raises(WorkerError, match=rf"The Ray cluster '{address}' cannot be reached: .*refused"):
            Ray(given)


def test_an_exchange_out_of_reach_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace())
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        Ray(exchange=f"file://{tmp_path}/file/exchange")
    with pytest.raises(ConfigError, match="it is no address of a folder"):
        Ray(exchange="")
