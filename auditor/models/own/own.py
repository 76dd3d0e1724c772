"""Adapter for the user's own classifiers, including scikit-learn's."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from auditor.arrays import Codes, LabelCodes, Probabilities
from auditor.errors import OwnCodeError
from auditor.models.classifier import Watched, spread_columns
from auditor.models.logistic import Baseline
from auditor.models.own.distribution import normalised, wrong_row
from auditor.models.own.imported import Imported, guarded

_INPUTS = ("texts", "vectors")
_EXTRAS = ("seed", "watched", "groups")


class Own:
    """Wraps the user's own classifier and checks its output.

    It learns with ``fit(X, y)``: X is a list of N texts, or the frozen encoder's (N, D) vectors if the classifier has
    the attribute ``takes = "vectors"``, and y contains the (N,) int32 codes of the labels. If ``fit`` has parameters
    ``seed``, ``watched`` or ``groups``, they are passed as in :class:`~auditor.models.classifier.Classifier`. Every
    ``random_state`` of scikit-learn that is None is set to the seed. ``predict_proba(X)`` has a column for each of
    ``classes_`` or, without these, for each of the K labels. If all training rows are of one class, the classifier is
    not used.

    Parameters
    ----------
    imported : Imported
    num_classes : int
        K.

    Raises
    ------
    OwnCodeError
        Here and in every method: if the classifier cannot be instantiated, raises, or breaks its contract.
    """

    def __init__(self, imported: Imported, num_classes: int) -> None:
        self._address, self._num_classes = imported.address, num_classes
        self._model = imported.make()
        self._only: Baseline | None = None
        self._sizes: dict[str, int] = {}
        for method in ("fit", "predict_proba"):
            if not callable(getattr(self._model, method, None)):
                raise OwnCodeError(
                    f"{self._address} creates a {type(self._model).__name__}, which has no method {method}.",
                    "Add the methods fit(X, y) and predict_proba(X), as in scikit-learn.",
                )
        self.takes: str = getattr(self._model, "takes", getattr(imported.target, "takes", "texts"))
        """``texts`` or ``vectors``."""
        if self.takes not in _INPUTS:
            raise OwnCodeError(
                f"{self._address} takes {self.takes!r:.80}.", 'Set its attribute takes to "texts" or "vectors".'
            )

    def fit(
        self,
        inputs: Any,
        labels: LabelCodes,
        seed: int,
        watched: Watched | None = None,
        groups: Codes | None = None,
    ) -> Self:
        """Fit the classifier."""
        self._sizes = {"train": len(labels), "held_out": len(watched.labels) if watched else 0}
        if len(np.unique(labels)) < 2:
            self._only = Baseline(self._num_classes).fit(inputs, labels, seed)
            return self
        with guarded(self._address):
            extras = {"seed": seed, "watched": watched, "groups": groups}
            named = _parameters(self._model.fit)
            _set_seed(self._model, seed)
            self._model.fit(inputs, labels.copy(), **{name: extras[name] for name in _EXTRAS if name in named})
        return self

    def predict_proba(self, inputs: Any) -> Probabilities:
        """Return (N, K) float32 probabilities; each row sums to 1."""
        if self._only:
            return self._only.predict_proba(inputs)
        with guarded(self._address):
            predicted = self._model.predict_proba(inputs)
            found, classes = (
                np.asarray(predicted),
                np.asarray(getattr(self._model, "classes_", range(self._num_classes))),
            )
        if classes.ndim != 1 or classes.dtype.kind not in "iu" or not self._are_codes(classes):
            raise self._wrong(f"has the classes_ {classes!r:.100}", f"whole numbers from 0 to {self._num_classes - 1}")
        expected = (len(inputs), len(classes))
        if found.shape != expected or found.dtype.kind not in "fiu":
            raise self._wrong(f"predicts {found.dtype} of shape {found.shape}", f"floats of shape {expected}")
        if wrong := wrong_row(found):
            raise self._wrong(f"predicts a row that {wrong[1]}", "probabilities, which sum to 1")
        return spread_columns(normalised(found), classes, self._num_classes)

    def dynamics(self) -> Mapping[str, npt.NDArray[np.floating]]:
        """Return the logits ``train`` and ``held_out``, (epochs, rows, K), from its method ``dynamics``, if any."""
        if self._only or not callable(getattr(self._model, "dynamics", None)):
            return {}
        with guarded(self._address):
            seen = {str(name): np.asarray(values) for name, values in dict(self._model.dynamics()).items()}
        for name, values in seen.items():
            shape = (self._sizes.get(name), self._num_classes)
            if values.dtype.kind != "f" or values.ndim != 3 or values.shape[1:] != shape or not len(values):
                raise self._wrong(
                    f"has dynamics {name!r:.40}, {values.dtype} of shape {values.shape}",
                    f"train or held_out, floats of shape (epochs, rows, {self._num_classes})",
                )
        return {name: values.astype(np.float32) for name, values in seen.items()}

    def _are_codes(self, classes: npt.NDArray[Any]) -> bool:
        distinct = np.unique(classes)
        return len(distinct) == len(classes) > 0 and distinct[0] >= 0 and distinct[-1] < self._num_classes

    def _wrong(self, what: str, expected: str) -> OwnCodeError:
        return OwnCodeError(
            f"The classifier {self._address} {what}; expected {expected}.",
            "Fix it and run the same command again.",
        )


def _parameters(function: Any) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # compiled code may have no signature
        return frozenset()


def _set_seed(model: Any, seed: int) -> None:
    """Set every unset ``random_state`` of a scikit-learn model to the seed."""
    if callable(getattr(model, "get_params", None)) and callable(getattr(model, "set_params", None)):
        parameters = model.get_params()
        unset = {key for key, value in parameters.items() if key.split("__")[-1] == "random_state" and value is None}
        if unset:
            model.set_params(**dict.fromkeys(unset, seed))
