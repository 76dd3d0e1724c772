from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.config import FinetunedConfig
from auditor.errors import ModelError, RunDamagedError
from auditor.models.sidebyside import need_of, pending_folds, train_side_by_side
from auditor.models.transformer.weights import Weights
from auditor.run.artifacts import BOUNDS, STATES
from auditor.runner import Local, Need, Runner
from tests.models.prepared import CONFIG, Prepared
from tests.runner.running import Here

MODELS = ("features", "lexical", "finetuned")
pytestmark = pytest.mark.slow


def train(prepared: Prepared, runner: Runner, *models: str, heard: Any = None) -> None:
    left = pending_folds(prepared.run, prepared.parts(*models))
    listen = (lambda *at: None) if heard is None else lambda *at: heard.append(at)
    train_side_by_side(prepared.run, left, prepared.config, prepared.weights, runner, Need(), listen)


@pytest.fixture(scope="module")
def serial(tiny_weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    prepared = Prepared(tmp_path_factory.mktemp("serial") / "run", tiny_weights)
    with prepared.run.held():
        prepared.finish(*MODELS)
    return prepared


def test_a_fold_from_its_description_is_the_same_and_is_not_trained_again(
    serial: Prepared, tiny_weights: Weights, tmp_path: Path
) -> None:
    prepared, here, heard = Prepared(tmp_path / "run", tiny_weights), Here(), list[tuple[int, int]]()
    with prepared.run.held():
        train(prepared, here, *MODELS, heard=heard)
        done = {name: stage for name, stage in prepared.run.manifest.stages.items() if "fold-" in name}
        assert prepared.finish(*MODELS) == serial.finish(*MODELS)
        assert {name: prepared.run.manifest.stages[name] for name in done} == done
        assert not pending_folds(prepared.run, prepared.parts(*MODELS))
    assert len(here.parts) == len(set(here.parts)) == 6
    assert heard == sorted(heard)
    assert heard[-1][0] == heard[-1][1]
    assert all(stage.seconds >= 0 for stage in done.values())
    keys = {name: stage.key for name, stage in serial.run.manifest.stages.items()}
    assert {name: stage.key for name, stage in done.items()} == {name: keys[name] for name in done}
    assert not (prepared.run.directory / ".work").exists()


def test_processes_write_the_same_bytes(serial: Prepared, tiny_weights: Weights, tmp_path: Path) -> None:
    prepared = Prepared(tmp_path / "run", tiny_weights)
    with prepared.run.held():
        train(prepared, Local(2), "finetuned")
        assert prepared.finish(*MODELS) == serial.finish(*MODELS)


def test_frozen_layers_are_looked_up_in_processes_too(tiny_weights: Weights, tmp_path: Path) -> None:
    config = CONFIG.updated(finetuned={"frozen_layers": 1})
    made = []
    for runner in (None, Here(), Local(2)):
        prepared = Prepared(tmp_path / f"{type(runner).__name__}", tiny_weights, config)
        with prepared.run.held():
            if runner:
                train(prepared, runner, "finetuned")
            made.append(prepared.finish("finetuned"))
    assert made[0] == made[1] == made[2]
    assert {STATES.name, BOUNDS.name} <= prepared.run.manifest.stages["finetuned/fold-0"].inputs.keys()


def test_an_interruption_keeps_the_folds_that_are_done(serial: Prepared, tiny_weights: Weights, tmp_path: Path) -> None:
    prepared, here = Prepared(tmp_path / "run", tiny_weights), Here()

    def interrupt(done: int, total: int) -> None:
        if done >= total // 2:
            raise KeyboardInterrupt

    left = pending_folds(prepared.run, prepared.parts("lexical"))
    with pytest.raises(KeyboardInterrupt), prepared.run.held():
        train_side_by_side(prepared.run, left, prepared.config, prepared.weights, here, Need(), interrupt)
    with prepared.run.held():
        train(prepared, here, "lexical")
        assert here.parts == ["lexical/fold-1", "lexical/fold-0"]
        assert prepared.finish("lexical").items() <= serial.finish(*MODELS).items()


def test_other_weights_and_changed_files_are_refused(tiny_weights: Weights, tmp_path: Path) -> None:
    prepared = Prepared(tmp_path / "run", replace(tiny_weights, fingerprint="another"))
    with prepared.run.held():
        with pytest.raises(ModelError, match="differ from those on the machine that started the audit"):
            train(prepared, Here(), "finetuned")

        class Changing(Here):
            def do(self, outcome: dict[str, Any]) -> dict[str, Any]:
                done = outcome["done"]
                return {"done": {**done, "hashes": dict.fromkeys(done["hashes"], "another")}}

        with pytest.raises(RunDamagedError, match="has changed since it was written"):
            train(prepared, Changing(), "lexical")


def test_needs_are_estimated(tiny_weights: Weights, tmp_path: Path) -> None:
    prepared = Prepared(tmp_path / "run", tiny_weights, CONFIG.updated(threads=3, train_rows=9))
    for model, threads in (("features", 1), ("finetuned", 3)):
        need = need_of(prepared.parts(model), prepared.config, tiny_weights)
        assert (need.threads, need.gpus) == (threads, 0)
        assert need.memory > 1_000_000_000
        assert need.seconds > 0


def test_threads_are_a_parameter_unless_they_are_the_default(
    tiny_weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = Prepared(tmp_path / "run", tiny_weights)
    assert "threads" not in prepared.candidates["finetuned"].parameters
    prepared.config = CONFIG.updated(threads=1, finetuned=FinetunedConfig())
    assert prepared.candidates["finetuned"].parameters["threads"] == 1
    monkeypatch.setattr("torch.get_num_threads", lambda: 7)
    prepared.config = CONFIG.updated(threads=None)
    assert prepared.candidates["finetuned"].parameters["threads"] == 7
    assert "threads" not in prepared.candidates["features"].parameters
