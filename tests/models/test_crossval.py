from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import LexicalConfig
from auditor.errors import StorageError
from auditor.models.classifier import Watched
from auditor.models.crossval import Candidate, out_of_fold
from auditor.models.folds import make_folds
from auditor.models.logistic import lexical_classifier
from auditor.run import Reader, Run
from auditor.run.artifacts import DATASET, artifact_name
from auditor.run.artifacts import folds as folds_of
from tests.disk import files_up_to


def codes(values: object) -> np.ndarray:
    return np.array(values, dtype=np.int32)


@dataclass
class Call:
    """What a classifier was given."""

    inputs: Any
    labels: np.ndarray
    seed: int
    watched: Watched
    groups: np.ndarray | None
    asked: Any = None


@dataclass
class Recorder:
    """A classifier that answers with the text's number, and keeps what it is given."""

    calls: list[Call]
    progress: Callable[[int, int], None] = lambda done, total: None
    seen: dict[str, np.ndarray] = field(default_factory=dict)
    fails_in: int = -1

    def fit(
        self, inputs: Any, labels: np.ndarray, seed: int, watched: Watched | None = None, groups: Any = None
    ) -> Self:
        if len(self.calls) == self.fails_in:
            raise KeyboardInterrupt
        assert watched is not None
        self.calls.append(Call(inputs, labels, seed, watched, groups))
        self.progress(1, 4)
        self.progress(4, 4)
        return self

    def predict_proba(self, inputs: Any) -> np.ndarray:
        self.calls[-1].asked = inputs
        return np.array([[number_of(text), len(self.calls), 0] for text in inputs], dtype=np.float32)

    def dynamics(self) -> Mapping[str, np.ndarray]:
        return {"train": np.full((2, len(self.calls[-1].inputs), 3), len(self.calls), np.float32)} if self.seen else {}


def number_of(given: Any) -> float:
    return float(given[0]) if isinstance(given, np.ndarray) else float(given.removeprefix("text "))


def rows_of(inputs: Any) -> list[int]:
    return [int(number_of(given)) for given in inputs]


@dataclass
class Setting:
    """A run with folds, in which a recorder is cross-validated."""

    run: Run
    labels: np.ndarray
    folds: np.ndarray
    calls: list[Call] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)
    groups: np.ndarray | None = None

    def go(
        self,
        inputs: Any = None,
        parameters: Mapping[str, Any] | None = None,
        seed: int = 0,
        repeat: int = 0,
        most: int | None = None,
        **options: Any,
    ) -> None:
        inputs = [f"text {row}" for row in range(len(self.labels))] if inputs is None else inputs
        candidate = Candidate(
            "recorder",
            lambda progress: Recorder(self.calls, progress, **options),
            inputs,
            (DATASET,),
            parameters or {},
            self.groups,
            most=most,
            repeat=repeat,
        )

        def save_folds(space: Path, read: Reader) -> None:
            folds_of(repeat).save(space, self.folds)

        with self.run.held():
            self.run.stage(
                artifact_name("folds", repeat),
                save_folds,
                parameters={"folds": crc32(self.folds)},
            )
            self.run.stage("read", lambda space, read: (space / "dataset.parquet").touch())
            out_of_fold(self.run, candidate, self.labels, self.folds, 3, seed, lambda *at: self.told.append(at))

    @property
    def probabilities(self) -> np.ndarray:
        return np.load(self.run.open("probabilities/recorder.npy"), allow_pickle=False)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    labels = codes([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1])
    folds = np.array([0, 1, 2, 1, 2, 0, 2, 0, 1, -1, -2], dtype=np.int16)
    return Setting(Run(tmp_path / "run"), labels, folds)


def test_every_row_is_predicted_by_a_model_that_did_not_see_it(setting: Setting):
    setting.go()
    assert [rows_of(call.asked) for call in setting.calls] == [[0, 5, 7], [1, 3, 8], [2, 4, 6]]
    for call in setting.calls:
        # Row 9 is trained on always, row 10 never; the others, when they are not held out.
        assert rows_of(call.inputs) == [row for row in range(10) if row not in rows_of(call.asked)]
        assert (call.labels == setting.labels[rows_of(call.inputs)]).all()
        assert rows_of(call.watched.inputs) == rows_of(call.asked)
        assert (call.watched.labels == setting.labels[rows_of(call.asked)]).all()
    found = setting.probabilities
    assert (found.dtype, found.shape) == (np.float32, (11, 3))
    assert found[:9, 0].tolist() == list(range(9))
    assert (found[:9, 1] == setting.folds[:9] + 1).all()
    assert np.isnan(found[9:]).all()


def test_vectors_are_taken_by_row_too(setting: Setting):
    setting.go(inputs=np.arange(22, dtype=np.float32).reshape(11, 2)[:, [0]] / 2)
    assert all(isinstance(call.inputs, np.ndarray) for call in setting.calls)
    assert setting.probabilities[:9, 0].tolist() == list(range(9))


def test_the_groups_of_the_rows_trained_on_are_told(setting: Setting):
    setting.groups = codes(np.arange(11)[::-1])
    setting.go()
    for call in setting.calls:
        assert (call.groups == setting.groups[rows_of(call.inputs)]).all()


def test_a_class_that_was_not_learned_is_not_judged(tmp_path: Path):
    folds = np.array([0, 1, 0, 1, 0, 0], dtype=np.int16)
    setting = Setting(Run(tmp_path / "run"), codes([0, 0, 1, 1, 2, 2]), folds)  # class 2 stands in fold 0 alone
    setting.go()
    assert np.isnan(setting.probabilities).all(1).tolist() == [False] * 4 + [True] * 2


def test_folds_have_seeds_of_their_own(setting: Setting):
    setting.go(seed=40)
    assert [call.seed for call in setting.calls] == [40, 41, 42]


def test_finished_folds_are_not_trained_again(setting: Setting):
    with pytest.raises(KeyboardInterrupt):
        setting.go(fails_in=2)
    assert len(setting.calls) == 2
    setting.go()
    assert [rows_of(call.asked) for call in setting.calls] == [[0, 5, 7], [1, 3, 8], [2, 4, 6]]
    before = setting.probabilities
    setting.go()
    assert len(setting.calls) == 3
    assert np.array_equal(setting.probabilities, before, equal_nan=True)


@pytest.mark.parametrize("change", [{"seed": 1}, {"parameters": {"strength": 2}}])
def test_what_the_predictions_depend_on_makes_them_again(setting: Setting, change: dict[str, Any]):
    setting.go()
    setting.go(**change)
    assert len(setting.calls) == 6


def test_a_limit_on_training_rows_is_recorded_where_it_holds(setting: Setting):
    setting.go()
    before = setting.run.manifest.stages
    setting.go(most=7)
    assert setting.run.manifest.stages == before, "no fold trains on more"
    setting.go(most=4)
    assert len(setting.calls) == 6
    assert all(3 <= len(call.inputs) <= 4 and {*call.labels} == {0, 1, 2} for call in setting.calls[3:])
    assert setting.run.manifest.stages["recorder/fold-0"].parameters["train_rows"] == 4


@pytest.mark.parametrize("repeat", [0, 1])
def test_other_folds_make_them_again(setting: Setting, repeat: int):
    setting.go(repeat=repeat)
    setting.folds = setting.folds[[1, 0, *range(2, 11)]]
    setting.go(repeat=repeat)
    assert len(setting.calls) == 6
    found = np.load(setting.run.open(f"probabilities/{artifact_name('recorder.npy', repeat)}"))
    assert found[:9, 0].tolist() == list(range(9))


def test_what_was_seen_in_the_epochs_is_kept(setting: Setting):
    setting.go(seen={"train": np.empty(0)})
    for fold in range(3):
        kept = np.load(setting.run.open(f"dynamics/recorder/fold-{fold}.train.npy"), allow_pickle=False)
        assert kept.shape == (2, 7, 3)
        assert (kept == fold + 1).all()


def test_a_repeat_lies_beside_the_first_time(setting: Setting):
    setting.go(seen={"train": np.empty(0)})
    first = setting.probabilities
    setting.folds = np.where(setting.folds < 0, setting.folds, 2 - setting.folds).astype(np.int16)
    setting.go(seed=1000, repeat=1, seen={"train": np.empty(0)})
    assert [call.seed for call in setting.calls] == [0, 1, 2, 1000, 1001, 1002]
    assert rows_of(setting.calls[3].asked) == rows_of(setting.calls[2].asked)
    assert np.array_equal(setting.probabilities, first, equal_nan=True)
    repeated = np.load(setting.run.open("probabilities/repeat-1/recorder.npy"))
    assert repeated[:9, 0].tolist() == list(range(9)), "of the folds of the repeat"
    assert repeated[:9, 1].min() == 4
    assert {"repeat-1/recorder", "repeat-1/recorder/fold-2", "repeat-1/folds"} <= {*setting.run.manifest.stages}
    assert np.load(setting.run.open("dynamics/repeat-1/recorder/fold-0.train.npy")).max() == 4
    setting.go(seed=1000, repeat=1)
    assert len(setting.calls) == 6, "what is done is not done again"


def test_progress_grows_to_the_end(setting: Setting):
    setting.go()
    shares = [done / total for done, total in setting.told]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(1 / 12)
    assert shares[-1] == 1
    setting.told.clear()
    setting.go()
    assert setting.told == [(1, 3), (2, 3), (3, 3)]


def test_full_disk_is_told(setting: Setting):
    inputs = [f"text {row}" for row in range(9000)]
    setting.labels, setting.folds = codes([0, 1, 2] * 3000), np.arange(9000).astype(np.int16) // 3 % 3
    with files_up_to(30_000), pytest.raises(StorageError):
        setting.go(inputs)
    setting.go(inputs)
    assert [len(call.inputs) for call in setting.calls] == [6000] * 4  # one failed


@settings(max_examples=15)  # each writes a run
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), min_size=3, max_size=25),
    st.integers(2, 4),
    st.integers(0, 2**16),
)
def test_no_model_learns_from_a_duplicate_of_what_it_predicts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int]], count: int, seed: int
):
    labels, groups = codes(rows).T
    groups = codes([9, *groups[1:]])
    setting = Setting(
        Run(tmp_path_factory.mktemp("runs") / "run"), labels.copy(), make_folds(labels, groups, count, seed)
    )
    setting.go()
    for call in setting.calls:
        assert not set(groups[rows_of(call.inputs)]) & set(groups[rows_of(call.asked)])
    assert sorted(row for call in setting.calls for row in rows_of(call.asked)) == list(range(len(rows)))


def test_a_word_that_gives_the_label_away_is_no_use_when_its_row_is_held_out(tmp_path: Path):
    labels = codes(np.random.default_rng(0).integers(0, 2, 60))
    texts = [f"the same text with the number{row}" for row in range(60)]
    folds = np.arange(60).astype(np.int16) % 3
    run = Run(tmp_path / "run")
    config = LexicalConfig(min_rows=1, strengths=(1000.0,))
    with run.held():
        run.stage("read", lambda space, read: (space / DATASET).touch())
        run.stage("folds", lambda space, read: np.save(space / "folds.npy", folds))
        candidate = Candidate("lexical", lambda progress: lexical_classifier(config, 2), texts, (), {})
        out_of_fold(run, candidate, labels, folds, 2, 0, lambda done, total: None)
    found = np.load(run.open("probabilities/lexical.npy"))
    seen = lexical_classifier(config, 2).fit(texts, labels, 0).predict_proba(texts)
    assert (seen.argmax(1) == labels).all()
    for fold in range(3):
        assert np.ptp(found[folds == fold], axis=0).max() < 1e-6  # all it can know is how often each class occurs
