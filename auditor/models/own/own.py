"""A classifier of the user's own, any of scikit-learn's included, as one of ours."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from auditor.errors import OwnCodeError
from auditor.models.classifier import Labels, Probabilities, Watched, spread_columns
from auditor.models.logistic import Baseline
from auditor.models.own.distribution import normalised, wrong_row
from auditor.models.own.imported import Imported, guarded

_INPUTS = ("texts", "vectors")
_EXTRAS = ("seed", "watched", "groups")


class Own:
    """Wraps a classifier of the user's own, and checks what it says.

    It learns by ``fit(X, y)``: X is a list of N texts, or the frozen encoder's (N, D) vectors if it has an attribute
    ``takes = "vectors"``, and y the (N,) int32 codes of the labels. If ``fit`` names ``seed``, ``watched`` or
    ``groups``, it is given these as :class:`~auditor.models.classifier.Classifier` says; else every ``random_state``
    of scikit-learn's that is None is set to the seed. ``predict_proba(X)`` has a column for each of ``classes_`` or,
    without these, for each of the K labels. Where all training rows are of one class, it is not asked.

    Parameters
    ----------
    imported : Imported
    num_classes : int
        K.

    Raises
    ------
    OwnCodeError
        Here and in every method: if it cannot be made, raises, or does something else than it must.
    """

    def __init__(self, imported: Imported, num_classes: int) -> None:
        self._address, self._num_classes = imported.address, num_classes
        self._model = imported.make()
        self._only: Baseline | None = None
        self._sizes: dict[str, int] = {}
        for method in ("fit", "predict_proba"):
            if not callable(getattr(self._model, method, None)):
                raise OwnCodeError(
                    f"{self._address} makes a {type(self._model).__name__}, which has no method {method}.",
                    "A classifier has fit(X, y) and predict_proba(X), as scikit-learn's have.",
                )
        self.takes: str = getattr(self._model, "takes", getattr(imported.target, "takes", "texts"))
        """``texts`` or ``vectors``."""
        if self.takes not in _INPUTS:
            raise OwnCodeError(
                f"{self._address} takes {self.takes!r:.80}.", 'Give it the attribute takes = "texts" or "vectors".'
            )

    def fit(
        self, inputs: Any, labels: Labels, seed: int, watched: Watched | None = None, groups: Labels | None = None
    ) -> Self:
        """Have it learn."""
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
        """(N, K) float32, rows that sum to 1."""
        if self._only:
            return self._only.predict_proba(inputs)
        with guarded(self._address):
            said = self._model.predict_proba(inputs)
            found, classes = np.asarray(said), np.asarray(getattr(self._model, "classes_", range(self._num_classes)))
        if classes.ndim != 1 or classes.dtype.kind not in "iu" or not self._are_codes(classes):
            raise self._wrong(f"has the classes_ {classes!r:.100}", f"whole numbers from 0 to {self._num_classes - 1}")
        expected = (len(inputs), len(classes))
        if found.shape != expected or found.dtype.kind not in "fiu":
            raise self._wrong(f"predicts {found.dtype} of shape {found.shape}", f"floats of shape {expected}")
        if wrong := wrong_row(found):
            raise self._wrong(f"predicts a row that {wrong[1]}", "probabilities, which sum to 1")
        return spread_columns(normalised(found), classes, self._num_classes)

    def dynamics(self) -> Mapping[str, npt.NDArray[np.floating]]:
        """``train`` and ``held_out``, logits (epochs, rows, K), if it has a method ``dynamics`` that gives them."""
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
            f"The classifier {self._address} {what}; expected are {expected}.",
            "Mend it, then give the same command again.",
        )


def _parameters(function: Any) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # compiled code may not tell
        return frozenset()


def _set_seed(model: Any, seed: int) -> None:
    """What scikit-learn would draw anew each time is drawn by the seed."""
    if callable(getattr(model, "get_params", None)) and callable(getattr(model, "set_params", None)):
        known = model.get_params()
        unset = {key for key, value in known.items() if key.split("__")[-1] == "random_state" and value is None}
        if unset:
            model.set_params(**dict.fromkeys(unset, seed))
