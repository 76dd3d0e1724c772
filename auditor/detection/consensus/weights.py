"""How far to trust each expert on this dataset, and all together, learnt from out-of-fold distributions alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

Logs = npt.NDArray[np.float64]

_MOST = 5.0
"""No expert's exponent is larger: where none of them errs but by chance, the fit would get better without end."""
_TEMPERATURES = (1e-3, 10.0)
"""What the exponent of the whole is looked for between: far enough to undo the largest weights of all experts."""


def learn_weights(logs: Logs, labels: npt.NDArray[np.integer], robustness: float) -> Logs:
    """The exponents with which the product of the experts' distributions fits the given labels best.

    The fit is measured by the generalised cross-entropy (1 - p**q) / q of Zhang and Sabuncu (2018). A label that the
    experts find impossible costs at most 1 / q, where the log-loss has no limit: the few wrong labels that no expert
    should be able to foresee do not decide who is trusted. The exponents are weights and temperatures in one, none is
    negative or above 5, and they need not sum to 1.

    Parameters
    ----------
    logs : (M, n, K) float64
        Log-probabilities of n rows by M experts.
    labels : (n,) int
        Codes of the given labels.
    robustness : float
        q, in [0, 1]; 0 stands for the limit, the log-loss.

    Returns
    -------
    (M,) float64
        In [0, 5].
    """
    experts, rows = len(logs), np.arange(len(labels))
    given = logs[:, rows, labels]

    def loss(weights: Logs) -> tuple[float, Logs]:
        pooled = log_softmax(np.tensordot(weights, logs, 1), axis=1)
        fit = pooled[rows, labels]
        powered = np.exp(robustness * fit)
        expected = np.einsum("nk,mnk->mn", np.exp(pooled), logs)
        gradient: Logs = -(powered * (given - expected)).mean(axis=1)
        value = (1 - powered).mean() / robustness if robustness else -fit.mean()
        return float(value), gradient

    found = minimize(loss, np.full(experts, 1 / experts), jac=True, bounds=[(0, _MOST)] * experts, method="L-BFGS-B")
    weights: Logs = found.x
    return weights


def learn_temperature(logs: Logs, labels: npt.NDArray[np.integer]) -> float:
    """The exponent with which a distribution is calibrated best: the one of least log-loss (Guo and others 2017).

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
