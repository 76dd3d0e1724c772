"""Weights of the experts and their calibration on this dataset, learnt from out-of-fold distributions."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

from auditor.arrays import Float64, LabelCodes

_MOST = 5.0
"""Largest exponent of an expert; without it, the exponents of near-perfect experts would grow without bound."""
_TEMPERATURES = (1e-3, 10.0)
"""Range of the final exponent, wide enough to undo the largest weights of all experts."""


def learn_weights(logs: Float64, labels: LabelCodes, robustness: float) -> Float64:
    """Return the exponents with which the product of the experts' distributions fits the given labels best.

    The fit is measured by the generalised cross-entropy (1 - p**q) / q of Zhang and Sabuncu (2018). A label that the
    experts find impossible costs at most 1 / q, while the log-loss is unbounded: a few wrong labels that no expert
    should predict do not decide the weights. With q = 0.5, p = 0.9 costs 0.1 and p = 0.0001 costs 2.0; the log-loss of
    the latter is 9.2. The exponents act as both weights and temperatures, lie in [0, 5], and need not sum to 1.

    Parameters
    ----------
    logs : (M, n, K) float64
        Log-probabilities of n rows by M experts.
    labels : (n,) int
        Codes of the given labels.
    robustness : float
        q, in [0, 1]; 0 is the limit, the log-loss.

    Returns
    -------
    (M,) float64
        Exponents in [0, 5].
    """
    experts, rows = len(logs), np.arange(len(labels))
    given = logs[:, rows, labels]

    def loss(weights: Float64) -> tuple[float, Float64]:
        pooled = log_softmax(np.tensordot(weights, logs, 1), axis=1)
        fit = pooled[rows, labels]
        powered = np.exp(robustness * fit)
        expected = np.einsum("nk,mnk->mn", np.exp(pooled), logs)
        gradient: Float64 = -(powered * (given - expected)).mean(axis=1)
        value = (1 - powered).mean() / robustness if robustness else -fit.mean()
        return float(value), gradient

    found = minimize(loss, np.full(experts, 1 / experts), jac=True, bounds=[(0, _MOST)] * experts, method="L-BFGS-B")
    weights: Float64 = found.x
    return weights


def learn_temperature(logs: Float64, labels: LabelCodes) -> float:
    """Return the exponent that calibrates a distribution best, by the log-loss (Guo and others 2017).

    Parameters
    ----------
    logs : (n, K) float64
        Log-probabilities, not necessarily normalised.
    labels : (n,) int
        Codes of the given labels.
    """
    rows = np.arange(len(labels))

    def loss(log_exponent: float) -> float:
        return float(-log_softmax(np.exp(log_exponent) * logs, axis=1)[rows, labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=np.log(_TEMPERATURES), method="bounded").x))
