from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from auditor.models.transformer.recording import Epochs, by_row


@given(st.permutations(range(7)))
def test_logits_go_back_to_their_rows(rows: list[int]):
    logits = np.arange(14, dtype=np.float64).reshape(7, 2)
    output = SimpleNamespace(predictions=logits[rows], label_ids=(np.zeros(7), np.array(rows)))
    assert by_row(output).dtype == np.float32
    assert (by_row(output) == logits).all()


def test_rows_that_were_not_trained_on_stay_missing():
    epochs = Epochs(np.array([1, 3]), 4, 2)
    for _ in range(2):
        epochs.start()
        epochs.saw(torch.tensor([1]), torch.ones(1, 2, dtype=torch.bfloat16))
        epochs.saw(torch.tensor([0]), torch.zeros(1, 2))
    logits = epochs.dynamics()["train"]
    assert logits.shape == (2, 4, 2)
    assert (logits[:, 3] == 1).all()
    assert (logits[:, 1] == 0).all()
    assert np.isnan(logits[:, [0, 2]]).all()


def test_first_of_two_equally_good_epochs_is_put_back():
    model = torch.nn.Linear(1, 1, bias=False)
    epochs = Epochs(np.array([0]), 1, 1, choose=True)
    for weight, loss in ((1.0, 0.7), (2.0, 0.5), (3.0, 0.5), (4.0, 0.6)):
        with torch.no_grad():
            model.weight.fill_(weight)
        epochs.start()
        epochs.evaluated("held_out", np.zeros((1, 1), np.float32), {"eval_held_out_loss": -weight}, model)
        epochs.evaluated("chosen_on", np.zeros((1, 1), np.float32), {"eval_chosen_on_loss": loss}, model)
    epochs.finish(model)
    assert model.weight.item() == 2.0
    assert not model.training
    assert [figures["chosen_on_loss"] for figures in epochs.history] == [0.7, 0.5, 0.5, 0.6]


def test_without_a_choice_the_last_epoch_stays():
    model = torch.nn.Linear(1, 1).train()
    before = model.weight.item()
    epochs = Epochs()
    epochs.finish(model)
    assert (model.weight.item(), model.training) == (before, False)
    assert epochs.dynamics() == {}
