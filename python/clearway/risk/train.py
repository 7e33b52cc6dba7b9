"""Training: from payments with labels to a model file and its card. Same input, same bytes."""

import hashlib
import json
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import Outcome
from clearway.ports.model import SCORE_BPS_MAX
from clearway.risk.drift import make_reference
from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES, Features, meanings_of
from clearway.risk.features.declared import LEARNED
from clearway.risk.files import load_payments
from clearway.risk.forest import Forest
from clearway.risk.history import DAY_NS, compute_features, find_reports
from clearway.risk.isotonic import choose, fit_isotonic
from clearway.risk.load import write_model
from clearway.risk.metrics import auc_roc, average_precision, calibration_error
from clearway.risk.model import CARD_NAME, FORMAT, MODEL_NAME, RiskModel
from clearway.risk.policy import CostPolicy
from clearway.risk.world import World

DELAY_DAYS: Final = 7  # until a label is known
FRAUDS_MIN: Final = 20  # in each part; fewer teach nothing and prove nothing
HONEST_MAX: Final = 400_000  # of the honest payments to fit on; the rest is drawn from by weight
TREES: Final = 150
_KNOTS: Final = 65

# (customers, merchants, days) of the worlds that the shipped model is made from: long lives, and
# many first days, because on a new node everybody is a stranger. Each part has its own seeds.
WORLDS: Final[Mapping[str, tuple[tuple[int, int, int], ...]]] = {
    "fit": ((5_000, 800, 60), (2_000, 300, 45), (20_000, 1_500, 2), (12_000, 700, 1),
            (6_000, 400, 7), (800, 100, 40), (300, 60, 30), (9_000, 900, 3)),
    "calibrate": ((4_000, 700, 50), (14_000, 900, 2), (1_000, 120, 30)),
    "test": ((4_000, 700, 50), (14_000, 900, 2), (1_000, 120, 30)),
}  # fmt: skip

# One thread and fixed order: LightGBM is reproducible to the bit only then. Boosting starts at
# even odds instead of the base rate, where gradients of so rare a class are all but flat.
_LIGHTGBM: Final = {
    "objective": "binary", "num_leaves": 31, "max_depth": 6, "learning_rate": 0.12,
    "min_data_in_leaf": 40, "lambda_l2": 2.0, "feature_fraction": 0.6, "bagging_fraction": 0.8,
    "bagging_freq": 1, "max_bin": 127, "boost_from_average": False, "verbose": -1,
    "num_threads": 1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Samples:
    """n payments to learn from or to be judged by: features, euros float64[n], truth bool[n]."""

    features: Features
    amount_eur: NDArray[np.float64]
    is_fraud: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class History:
    """n payments in the order of time: features float32[n, k], euros, ns since 1970, labels int8[n]
    (1 fraud, 0 honest, -1 unknown)."""

    features: Features
    amount_eur: NDArray[np.float64]
    time_ns: NDArray[np.int64]
    labels: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training left: the model, its card, and where both lie."""

    model: RiskModel
    card: Mapping[str, Any]
    path: Path


def train_world(out: Path, seed: int) -> Trained:
    """Trains on simulated worlds; writes model.json and card.json into the folder `out`."""
    parts = {}
    for number, (name, sizes) in enumerate(WORLDS.items()):
        parts[name] = _join([
            sample_world(World(seed * 1_000 + number * 100 + k, *size))
            for k, size in enumerate(sizes)
        ])  # fmt: skip
    source = {"kind": "world", "worlds": {name: list(map(list, w)) for name, w in WORLDS.items()}}
    return _train(parts, source, out, seed)


def train_file(path: Path, out: Path, seed: int) -> Trained:
    """Trains on a file of payments with labels (see files.load_payments); writes as train_world.

    The first 60 % of the time are fitted on, the next 20 % calibrate, the last 20 % judge; before
    each cut, DELAY_DAYS are left out, whose labels nobody would have known. Unknown labels teach
    nothing, but their payments are part of the accounts' past. Raises risk.file_columns, and
    risk.file_labels when a part has fewer than FRAUDS_MIN frauds.
    """
    file = load_payments(path)
    reports = find_reports(file.facts, file.labels, delay_ns=DELAY_DAYS * DAY_NS)
    history = History(
        compute_features(file.facts, reports),
        file.facts["amount_eur"],
        file.facts["time_ns"],
        file.labels,
    )
    source = {"kind": "file", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return train_history(history, source, out, seed, where=str(path))


def train_history(
    history: History, source: Mapping[str, Any], out: Path, seed: int, *, where: str
) -> Trained:
    """As train_file, of features that were computed before. source: what the card says of it;
    where: for the text of risk.file_labels."""
    time_ns = history.time_ns
    begin, end = int(time_ns[0]), int(time_ns[-1]) + 1
    cuts = [begin, begin + (end - begin) * 6 // 10, begin + (end - begin) * 8 // 10, end]
    parts, window = {}, {}
    for k, name in enumerate(("fit", "calibrate", "test")):
        last = cuts[k + 1] - (DELAY_DAYS * DAY_NS if k < 2 else 0)
        mask = (time_ns >= cuts[k]) & (time_ns < last) & (history.labels >= 0)
        parts[name] = Samples(
            history.features[mask], history.amount_eur[mask], history.labels[mask] == 1
        )
        frauds = int(parts[name].is_fraud.sum())
        if frauds < FRAUDS_MIN or frauds == len(parts[name].is_fraud):
            what = f"{name} has {frauds} frauds in {int(mask.sum())} payments, needed {FRAUDS_MIN}"
            raise RiskFault("risk.file_labels", path=where, what=what)
        window[name] = [str(np.datetime64(t, "ns")) for t in (cuts[k], last)]
    return _train(parts, {**source, "window": window, "delay_days": DELAY_DAYS}, out, seed)


def sample_world(world: World) -> Samples:
    """All payments of one simulated world."""
    facts, is_fraud = world.facts(), world.payments()["is_fraud"]
    reports = find_reports(facts, is_fraud.astype(np.int8), delay_ns=DELAY_DAYS * DAY_NS)
    return Samples(compute_features(facts, reports), facts["amount_eur"], is_fraud)


def _join(samples: list[Samples]) -> Samples:
    return Samples(
        np.concatenate([s.features for s in samples]),
        np.concatenate([s.amount_eur for s in samples]),
        np.concatenate([s.is_fraud for s in samples]),
    )


def _train(
    parts: Mapping[str, Samples], source: Mapping[str, Any], out: Path, seed: int
) -> Trained:
    forest = fit_forest(parts["fit"].features, parts["fit"].is_fraud, seed=seed)
    raw = forest.raw_scores(parts["calibrate"].features)
    truth = parts["calibrate"].is_fraud
    is_isotonic, beta_loss, isotonic_loss = choose(
        raw, truth, usual=fit_calibration, other=fit_isotonic, seed=seed
    )
    knots = (fit_isotonic if is_isotonic else fit_calibration)(raw, truth)
    calibration = {
        "kind": "isotonic" if is_isotonic else "beta",
        "log_loss": {"beta": round(beta_loss, 6), "isotonic": round(isotonic_loss, 6)},
    }
    asked = forest.asked()
    local = np.zeros(len(FEATURES), dtype=np.intp)
    local[asked] = np.arange(len(asked))
    document = {
        "format": FORMAT,
        "features": meanings_of(asked),
        "calibration": knots.tolist(),
        "trees": forest.renumbered(local).to_json(),
    }
    data = json.dumps(document, separators=(",", ":")).encode()
    path = out / MODEL_NAME
    model = RiskModel.of_bytes(data, source=str(path))
    card = _card(model, parts, source, seed) | {"calibration": calibration}
    write_model(out, data, card)
    card = json.loads((out / CARD_NAME).read_text("utf-8"))
    return Trained(model, card, path)


def fit_forest(features: Features, is_fraud: NDArray[np.bool_], *, seed: int) -> Forest:
    """A gradient-boosted forest; where there are many honest payments, some stand for all."""
    import lightgbm  # only training needs it: a node starts without

    rng = np.random.default_rng(seed)
    share = min(1.0, HONEST_MAX / max(1, int((~is_fraud).sum())))
    kept = is_fraud | (rng.random(len(is_fraud)) < share)
    data = lightgbm.Dataset(
        features[kept, :LEARNED], is_fraud[kept],
        weight=np.where(is_fraud[kept], 1.0, 1.0 / share), feature_name=list(FEATURES[:LEARNED]),
    )  # fmt: skip
    booster = lightgbm.train({**_LIGHTGBM, "seed": seed}, data, num_boost_round=TREES)
    return Forest.of_lightgbm(booster.dump_model())


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


def _card(
    model: RiskModel, parts: Mapping[str, Samples], source: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    import lightgbm

    rates = files("clearway.risk").joinpath("data/reference_rates.json").read_bytes()
    return {
        "source": source,
        "seed": seed,
        "rows": {name: len(part.is_fraud) for name, part in parts.items()},
        "frauds": {name: int(part.is_fraud.sum()) for name, part in parts.items()},
        "metrics_on_test": measure(model, parts["test"]),
        "features": list(FEATURES[:LEARNED]),
        "reference_rates_sha256": hashlib.sha256(rates).hexdigest(),
        "parameters": {**_LIGHTGBM, "trees": TREES},
        "versions": {
            "lightgbm": lightgbm.__version__, "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "reference": make_reference(
            FEATURES, parts["test"].features, model.score_bps(parts["test"].features)
        ),
    }  # fmt: skip


def measure(model: RiskModel, samples: Samples) -> dict[str, float]:
    """AUC, average precision, ECE, and what the default policy makes of the scores."""
    score_bps = model.score_bps(samples.features)
    outcome = CostPolicy().decide(score_bps, samples.amount_eur)
    raw = model.raw_scores(samples.features)
    fraud, eur, stopped = samples.is_fraud, samples.amount_eur, outcome != Outcome.ACCEPT
    found = {
        "auc_roc": auc_roc(raw, fraud),
        "average_precision": average_precision(raw, fraud),
        "calibration_error": calibration_error(score_bps / SCORE_BPS_MAX, fraud),
        "fraud_share": float(fraud.mean()),
        "fraud_value_stopped": float(eur[fraud & stopped].sum() / eur[fraud].sum()),
        "frauds_stopped": float(stopped[fraud].mean()),
        "honest_reviewed": float((outcome[~fraud] == Outcome.REVIEW).mean()),
        "honest_declined": float((outcome[~fraud] == Outcome.DECLINE).mean()),
    }
    return {name: round(value, 5) for name, value in found.items() if math.isfinite(value)}
