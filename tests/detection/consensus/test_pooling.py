"""The stage that makes the consensus, on a run whose models nobody trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from auditor.config import AuditConfig, FinetunedConfig
from auditor.data.labeled_texts import LabeledTexts, Origin
from auditor.detection.consensus import pooling
from auditor.detection.consensus.pooling import CONSENSUS, EARLIER, FROZEN, TUNED, Pooling
from auditor.models.folds import held_out
from auditor.run import Run
from tests.detection.made import opinion, some_votes

ROWS, NAMES = 90, ("joy", "love", "fear")


class Made:
    """A run that holds what the models said in each of their trainings."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.rng, self.config = np.random.default_rng(0), AuditConfig().updated(**options)
        self.true = self.rng.integers(0, 3, ROWS).astype(np.int32)
        self.labels = np.where(self.rng.random(ROWS) < 0.1, self.rng.integers(0, 3, ROWS), self.true).astype(np.int32)
        columns = {"id": [*map(str, range(ROWS))], "text": ["x"] * ROWS, "label": self.labels, "split": ["all"] * ROWS}
        origin = Origin("x", "csv", "text", "label", None, {})
        data = LabeledTexts(pa.table(columns), pa.table({}), NAMES, NAMES, origin)
        folds = [self.rng.permutation(np.arange(ROWS) % 3).astype(np.int16) for _ in range(self.config.trainings)]
        alone = np.arange(ROWS, dtype=np.int32)
        self.run = Run(directory)
        self.pooling = Pooling(self.run, data, self.config, folds, alone)
        with self.run.held():
            for name in self.pooling.inputs:
                self.run.stage(f"make {name}", lambda at, name=name: self._make(at / name))

    def _make(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".npz":
            votes = some_votes(self.rng, self.true, self.labels, 3, 5)
            np.savez(path, index=votes.neighbours, similarity=votes.weights)
        elif path.name.endswith("held_out.npy"):
            np.save(path, self.rng.standard_normal((2, ROWS // 3, 3)).astype(np.float32))
        else:
            np.save(path, opinion(self.rng, self.true, 3))

    def write(self, space: Path) -> dict[str, Any]:
        """All that the stage has written."""
        with self.run.held():
            returned = self.pooling.write(space)
        assert np.array_equal(returned, np.load(space / f"probabilities/{CONSENSUS}.npy"), equal_nan=True)
        assert {path.relative_to(space).as_posix() for path in space.rglob("*.npy")} == {*self.pooling.outputs}
        about = json.loads((space / "consensus.json").read_text("utf-8"))
        return about | {name: np.load(space / name) for name in self.pooling.outputs}

    def model(self, name: str) -> Any:
        return np.load(self.run.open(f"probabilities/{name}.npy"))


def test_each_expert_of_each_repeat_is_read_once(tmp_path: Path) -> None:
    made = Made(tmp_path, repeats=2)
    inputs = made.pooling.inputs
    assert len({*inputs}) == len(inputs)
    models = {name.removeprefix("probabilities/").removesuffix(".npy") for name in inputs if "probabilities" in name}
    once = {"features", "lexical", "finetuned"}
    assert models == once | {f"repeat-1/{name}" for name in once} | {"repeat-2/features", "repeat-2/lexical"}
    held_out_rows = [name for name in inputs if name.startswith("dynamics/")]
    places = ("finetuned", "repeat-1/finetuned")
    assert held_out_rows == [f"dynamics/{place}/fold-{fold}.held_out.npy" for place in places for fold in range(3)]
    assert {FROZEN, TUNED, "folds.npy", "duplicates.parquet", "dataset.parquet"} <= {*inputs}


def test_the_consensus_is_of_the_means_and_each_repeats_of_its_own(tmp_path: Path, monkeypatch: Any) -> None:
    made, asked = Made(tmp_path / "run", repeats=2), []
    real = pooling.consensus

    def listen(models: Any, *arguments: Any) -> Any:
        asked.append(({name: np.asarray(one).copy() for name, one in models.items()}, arguments[2]))
        return real(models, *arguments)

    monkeypatch.setattr(pooling, "consensus", listen)
    found = made.write(tmp_path / "space")
    assert [*found][2:] == [
        f"probabilities/{CONSENSUS}.npy",
        *(f"probabilities/repeat-{n}/{CONSENSUS}.npy" for n in range(3)),
    ]
    *repeats, (whole, _) = asked
    assert len(repeats) == 3
    trained = [made.model("features"), made.model("repeat-1/features"), made.model("repeat-2/features")]
    for (models, folds), features, known in zip(repeats, trained, made.pooling.folds, strict=True):
        assert np.array_equal(models["features"], features)
        assert np.array_equal(folds, known)
    assert whole["features"] == pytest.approx(np.mean(trained, axis=0), abs=1e-6)
    first, second = made.model("finetuned"), made.model("repeat-1/finetuned")
    assert [np.array_equal(models["finetuned"], second) for models, _ in repeats] == [False, True, False]
    # In the third repeat the fine-tuned model was not trained again: its first training counts twice.
    assert whole["finetuned"] == pytest.approx((2 * first + second) / 3, abs=1e-6)


def test_what_the_fine_tuned_model_thought_before_its_last_epoch_is_an_expert(tmp_path: Path) -> None:
    made = Made(tmp_path, repeats=2)
    for repeat, place in ((0, "finetuned"), (1, "repeat-1/finetuned"), (2, "finetuned")):
        earlier = made.pooling._experts()[repeat][EARLIER]
        for fold in range(3):
            logits = np.load(made.run.open(f"dynamics/{place}/fold-{fold}.held_out.npy"))
            rows = held_out(made.pooling.folds[repeat % 2], fold)
            assert earlier[rows] == pytest.approx(softmax(logits[0], axis=1), abs=1e-6)


def test_of_one_epoch_or_without_fine_tuning_there_is_no_earlier_one(tmp_path: Path) -> None:
    one = Made(tmp_path / "a", cheap_repeats=1, finetuned=FinetunedConfig(epochs=1).model_dump())
    assert {*one.pooling._experts()[0]} == {"features", "lexical", "finetuned"}
    none = Made(tmp_path / "b", cheap_repeats=1, models=("lexical",))
    assert {*none.pooling._experts()[0]} == {"lexical"}
    assert TUNED not in none.pooling.inputs


def test_without_repeats_there_is_no_consensus_of_one_alone(tmp_path: Path) -> None:
    found = Made(tmp_path / "run", cheap_repeats=1).write(tmp_path / "space")
    assert [*found] == ["weights", "shares", f"probabilities/{CONSENSUS}.npy"]


def test_what_is_told_of_the_experts(tmp_path: Path) -> None:
    found = Made(tmp_path / "run").write(tmp_path / "space")
    votes = {"neighbours", "neighbours by the fine-tuned model"}
    assert {*found["weights"]} == {"features", "lexical", "finetuned", EARLIER, *votes}
    assert [*found["shares"]] == [*NAMES]
    assert sum(found["shares"].values()) == pytest.approx(1)


def test_the_same_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    for name in "ab":
        Made(tmp_path / f"run-{name}").write(tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 5
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_a_mean_is_over_the_repeats_that_judged_a_row(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    repeats = rng.random((count, 6, 2)).astype(np.float32)
    repeats[rng.random((count, 6)) < 0.5] = np.nan
    found = pooling._mean(list(repeats))
    assert found.dtype == np.float32
    for row in range(6):
        known = [each[row] for each in repeats if not np.isnan(each[row]).any()]
        assert found[row] == pytest.approx(np.mean(known, axis=0) if known else [np.nan] * 2, nan_ok=True)
