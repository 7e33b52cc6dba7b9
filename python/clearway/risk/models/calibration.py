"""From raw scores to probabilities: beta calibration, or isotonic where that is surely better."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.ports.model import SCORE_BPS_MAX
from clearway.risk.models.isotonic import choose, fit_isotonic
from clearway.risk.models.knots import Knots

_KNOTS: Final = 65


def choose_calibration(
    raw: NDArray[np.float64], is_fraud: NDArray[np.bool_], *, seed: int
) -> tuple[Knots, dict[str, Any]]:
    """Knots of (raw score, basis points), and what the card says of them."""
    is_isotonic, beta_loss, isotonic_loss = choose(
        raw, is_fraud, usual=fit_calibration, other=fit_isotonic, seed=seed
    )
    knots = (fit_isotonic if is_isotonic else fit_calibration)(raw, is_fraud)
    return knots, {
        "kind": "isotonic" if is_isotonic else "beta",
        "log_loss": {"beta": round(beta_loss, 6), "isotonic": round(isotonic_loss, 6)},
    }


def fit_calibration(raw: NDArray[np.float64], is_fraud: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Knots float64[65, 2] of (raw score, basis points), rising.

    Beta calibration (Kull, Silva Filho, Flach, 2017): a logistic regression on log s and
    -log(1 - s), where s is the raw score's probability. Three numbers cannot overfit, and unlike
    isotonic regression they leave no ties at the top.
    """
    weights = _fit_logistic(_beta_terms(raw), is_fraud)
    if (weights[:2] < 0).any():  # it would fall somewhere: the paper then drops that term
        weights = np.concatenate([[1.0, 1.0], [0.0]])
        weights[2] = _match_mean(raw, float(is_fraud.mean()))
    knots = np.linspace(float(raw.min()) - 1.0, float(raw.max()) + 1.0, _KNOTS)
    bps = SCORE_BPS_MAX / (1.0 + np.exp(-(_beta_terms(knots) @ weights)))
    return np.stack([knots, np.maximum.accumulate(np.round(bps, 3))], axis=1)


def _beta_terms(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    log_s, log_not_s = -np.logaddexp(0.0, -raw), -np.logaddexp(0.0, raw)
    return np.stack([log_s, -log_not_s, np.ones_like(raw)], axis=1)


def _fit_logistic(x: NDArray[np.float64], y: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Newton's method, halving a step that overshoots; a trace of ridge towards "calibrated as it
    is" keeps it defined when a column says nothing."""
    weights = anchor = np.array([1.0, 1.0, 0.0])

    def loss(w: NDArray[np.float64]) -> float:
        z = x @ w
        return float(np.logaddexp(0.0, z).sum() - z[y].sum() + 5e-4 * ((w - anchor) ** 2).sum())

    for _ in range(50):
        p = np.exp(-np.logaddexp(0.0, -(x @ weights)))
        gradient = x.T @ (y - p) - 1e-3 * (weights - anchor)
        hessian = (x * (p * (1.0 - p))[:, None]).T @ x + 1e-3 * np.eye(3)
        step = np.linalg.solve(hessian, gradient)
        while loss(weights + step) > loss(weights) and np.abs(step).max() > 1e-10:
            step = step / 2.0
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            break
    return weights


def _match_mean(raw: NDArray[np.float64], mean: float) -> float:
    """The constant that makes the mean probability right, by bisection."""
    low, high = -30.0, 30.0
    for _ in range(80):
        middle = (low + high) / 2.0
        said = float((1.0 / (1.0 + np.exp(-(raw + middle)))).mean())
        low, high = (middle, high) if said < mean else (low, middle)
    return (low + high) / 2.0
