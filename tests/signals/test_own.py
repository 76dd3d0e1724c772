"""Signals of the user's own: their contract before and while they speak, and what they may not change."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from auditor.errors import OwnCodeError
from auditor.models.own.imported import Imported
from auditor.signals import Inputs, MeasuredSignal
from auditor.signals.own import OwnSignal, import_signals

from .made import random_inputs

SEEN: dict[str, Any] = {}


class Half:
    name: ClassVar[Any] = "half"
    needs: ClassVar[Any] = frozenset({"labels", "probabilities"})

    def __call__(self, **inputs: Any) -> Any:
        SEEN.update(inputs)
        return np.where(inputs["labels"] > 0, np.float32(0.5), np.float32(0.4))

    def explain(self, row: int, **inputs: Any) -> Any:
        return f"Row\n {row}  of {len(inputs['labels'])}."


class Named(Half):
    name = "Not <b>clean</b>"


class Asking(Half):
    needs = frozenset({"stars"})


class Nested(Half):
    needs = (["labels"],)


class OfEpochs(Half):
    needs = ("dynamics",)


class Margin(Half):
    name = "margin_features"


class Rank(Half):
    name = "rank"


class Mute:
    name = "mute"
    needs = frozenset({"labels"})

    def __call__(self, labels: Any) -> Any:
        return np.zeros(len(labels), dtype=np.float32)


def of(kind: str, taken: Any = (), dynamics: bool = True) -> OwnSignal:
    (signal,) = import_signals([f"{__name__}:{kind}"], taken, dynamics)
    return signal


def test_it_is_given_what_it_needs_and_nothing_can_be_changed() -> None:
    inputs = random_inputs(0)
    found = of("Half")(**inputs)
    assert found.tolist() == pytest.approx(np.where(inputs["labels"] > 0, 0.5, 0.4).tolist())
    assert SEEN.keys() == {"labels", "probabilities"}
    with pytest.raises(ValueError, match="read-only"):
        SEEN["labels"][0] = 1
    with pytest.raises(ValueError, match="read-only"):
        SEEN["probabilities"]["features"][0] = 1
    inputs["labels"][0] = inputs["labels"][0]  # ours can still be written to


def test_it_explains_the_rows_that_it_gives_a_half_or_more() -> None:
    inputs = random_inputs(0)
    signal = of("Half")
    measured = signal(**inputs)
    measured[3] = np.nan
    measured_signal = MeasuredSignal(signal, measured, inputs)
    for row, suspicion in enumerate(measured.tolist()):
        assert measured_signal.explain(row) == (f"Row {row} of 60." if suspicion >= 0.5 else "")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("Named", "has the name 'Not <b>clean</b>'"),
        ("Asking", "needs frozenset.*stars"),
        ("Nested", "needs"),
        ("Mute", "has no method explain"),
        ("Margin", "called 'margin_features', which is already a column"),
        ("Rank", "called 'rank', which is already a column"),
        ("OfEpochs", "needs dynamics, which no model of this run keeps"),
    ],
)
def test_what_is_no_signal_is_told_before_it_speaks(kind: str, told: str) -> None:
    with pytest.raises(OwnCodeError, match=told):
        of(kind, ["margin_features"], dynamics=False)
    with pytest.raises(OwnCodeError, match="creates a dict, which is not a signal: it is not callable"):
        import_signals(["builtins:dict"], ())
    with pytest.raises(OwnCodeError, match="called 'half', which is already a column"):
        import_signals([f"{__name__}:Half"] * 2, ())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([0.5] * 60, "returns list"),
        (np.full(60, 0.5), "float64"),
        (np.full((60, 1), 0.5, np.float32), r"shape \(60, 1\)"),
        (np.full(59, 0.5, np.float32), r"shape \(59,\)"),
        (np.linspace(0, 1.5, 60, dtype=np.float32), "returns 1.017 for row 40"),
        (np.linspace(0, -1, 60, dtype=np.float32), "for row 1,"),
        (np.full(60, np.inf, np.float32), "returns inf"),
    ],
)
def test_what_is_no_suspicion_is_told_by_name(given: Any, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Half, "__call__", lambda self, **inputs: given)
    with pytest.raises(OwnCodeError, match=rf"The signal half \(.*:Half\).*{told}"):
        of("Half")(**random_inputs(0))


def test_what_it_raises_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = random_inputs(0)
    monkeypatch.setattr(Half, "explain", lambda self, row, **inputs: None)
    with pytest.raises(OwnCodeError, match="returns NoneType from explain"):
        of("Half").explain(0, **inputs)
    monkeypatch.setattr(Half, "explain", lambda self, row: "")
    with pytest.raises(OwnCodeError, match=r"Half raised TypeError: .*unexpected keyword argument"):
        of("Half").explain(0, **inputs)
    monkeypatch.setattr(Half, "__call__", lambda self, **inputs: 1 / 0)
    with pytest.raises(OwnCodeError, match=r"ZeroDivisionError: division by zero, at .*test_own\.py"):
        of("Half")(**inputs)


def test_a_long_sentence_is_cut() -> None:
    class Talker(Half):
        def explain(self, row: int, **inputs: Any) -> str:
            return "word " * 1000

    signal = OwnSignal(Imported("a:Talker", Talker, ""), "talker", frozenset(), Talker())
    assert len(signal.explain(0, **Inputs())) <= 500
