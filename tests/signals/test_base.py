from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from auditor.signals import OF_A_RUN, SIGNALS, measure, signals_for, to_table
from auditor.signals.base import Inputs, percent

NAMES = ("joy", "love", "fear")
MISSING = [np.nan] * 3
PROBABILITIES = {
    "features": np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], MISSING, [0, 1, 0]], dtype=np.float32),
    "finetuned": np.array([[0.9, 0.1, 0.0], [0.5, 0.2, 0.3], MISSING, [1, 0, 0]], dtype=np.float32),
}
LABELS = np.array([0, 1, 2, 0], dtype=np.int32)


def test_every_signal_stands_once_for_every_model():
    names = [signal.name for signal in signals_for(PROBABILITIES, NAMES)]
    assert names == ["loss_features", "loss_finetuned", "margin_features", "margin_finetuned", "disagreement"]


def test_a_signal_stands_where_its_inputs_are():
    def names(models, *inputs):
        return {signal.name for signal in signals_for(models, NAMES, {"labels", *inputs})}

    assert names(["features"], "probabilities") == {"loss_features", "margin_features"}
    assert names([], "consensus") == {"self_confidence"}
    epochs = {"aum", "data_map_confidence", "data_map_variability", "forgetting"}
    assert names([], "dynamics") == {*epochs, "fold_disagreement"}
    assert names([], "repeats") == {"seed_disagreement"}
    assert names([], "duplicates", "tuned_neighbours", "tuned_similarities") == {"neighbour_vote_finetuned"}
    assert names([], "identical", "duplicates", "splits") == {"duplicate_conflict"}
    assert names(["a", "b"], *Inputs.__annotations__) >= OF_A_RUN.keys()


@pytest.mark.parametrize("kind", SIGNALS)
@pytest.mark.parametrize("model", PROBABILITIES)
def test_the_contract_of_a_signal(kind, model):
    signal = SIGNALS[kind](model, NAMES)
    assert signal.name == f"{kind}_{model}"
    assert signal.needs <= set(Inputs.__annotations__)
    before = PROBABILITIES[model].copy()
    suspicion = signal(probabilities=PROBABILITIES, labels=LABELS)
    assert np.array_equal(before, PROBABILITIES[model], equal_nan=True), "inputs are left as they were"
    assert suspicion.dtype == np.float32
    assert suspicion.shape == (4,)
    assert np.isnan(suspicion).tolist() == [False, False, True, False]
    assert ((suspicion >= 0) & (suspicion <= 1))[[0, 1, 3]].all()
    assert suspicion[0] < suspicion[1], "1 is the most suspect"
    sentences = [signal.explain(row, probabilities=PROBABILITIES, labels=LABELS) for row in range(4)]
    assert sentences[2] == ""
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in sentences if sentence)


def test_measured_signals_become_a_table_with_nulls():
    measured = measure(signals_for(PROBABILITIES, NAMES), probabilities=PROBABILITIES, labels=LABELS)
    table = to_table(measured)
    assert table.column_names == list(measured)
    assert set(table.schema.types) == {pa.float32()}
    assert all(column.is_valid().to_pylist() == [True, True, False, True] for column in table.columns)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0, "under 1\u00a0%"),
        (0.0049, "under 1\u00a0%"),
        (0.006, "1\u00a0%"),
        (0.5, "50\u00a0%"),
        (0.994, "99\u00a0%"),
        (0.996, "over 99\u00a0%"),
    ],
)
def test_percent(probability, words):
    assert percent(probability) == words
