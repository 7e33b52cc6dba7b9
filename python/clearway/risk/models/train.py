"""Training: from payments with labels to a model file and its card. Same input, same bytes."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import Outcome
from clearway.ports.model import SCORE_BPS_MAX, Model
from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES, Features
from clearway.risk.features.declared import LEARNED
from clearway.risk.memory.history import DAY_NS, compute_features, find_reports
from clearway.risk.models.drift import make_reference
from clearway.risk.models.kinds import KINDS, Samples
from clearway.risk.models.load import parse_model, write_model
from clearway.risk.models.metrics import auc_roc, average_precision, calibration_error
from clearway.risk.models.model import CARD_NAME, MODEL_NAME
from clearway.risk.offline.files import load_payments
from clearway.risk.policy import CostPolicy
from clearway.risk.worlds.trial import Played
from clearway.risk.worlds.wide.world import WideWorld, without_devices
from clearway.risk.worlds.world import World

DELAY_DAYS: Final = 7  # until a label is known
FRAUDS_MIN: Final = 20  # in each part; fewer teach nothing and prove nothing

# (customers, merchants, days) of the worlds that the shipped model is made from: long lives, and
# many first days, because on a new node everybody is a stranger. Each part has its own seeds.
WORLDS: Final[Mapping[str, tuple[tuple[int, int, int], ...]]] = {
    "fit": ((5_000, 800, 60), (2_000, 300, 45), (20_000, 1_500, 2), (12_000, 700, 1),
            (6_000, 400, 7), (800, 100, 40), (300, 60, 30), (9_000, 900, 3), (4_000, 600, 90)),
    "calibrate": ((4_000, 700, 50), (14_000, 900, 2), (1_000, 120, 30)),
    "test": ((4_000, 700, 50), (14_000, 900, 2), (1_000, 120, 30)),
}  # fmt: skip
# And of wide ones, whose schemes need months. Of every other one no devices, addresses or ways are
# known: what is learned must hold at a bank that knows none.
WIDE_WORLDS: Final[Mapping[str, tuple[tuple[int, int, int], ...]]] = {
    "fit": ((1_600, 240, 150),) * 4,
    "calibrate": ((1_200, 200, 130),) * 2,
    "test": ((1_200, 200, 130),) * 2,
}


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

    model: Model
    card: Mapping[str, Any]
    path: Path


def train_world(out: Path, seed: int, kind: str = "forest") -> Trained:
    """Trains on simulated worlds; writes model.json and card.json into the folder `out`."""
    parts = {}
    for number, (name, sizes) in enumerate(WORLDS.items()):
        first = seed * 1_000 + number * 100
        parts[name] = _join([
            *(sample_world(World(first + k, *size)) for k, size in enumerate(sizes)),
            *(
                sample_world(WideWorld(first + len(sizes) + k, *size), has_devices=k % 2 == 0)
                for k, size in enumerate(WIDE_WORLDS[name])
            ),
        ])  # fmt: skip
    source = {"kind": "world", "worlds": _sizes(WORLDS), "wide_worlds": _sizes(WIDE_WORLDS)}
    return _train(parts, source, out, seed, kind)


def train_file(path: Path, out: Path, seed: int, kind: str = "forest") -> Trained:
    """Trains on a file of payments with labels (see files.load_payments); writes as train_world.

    The first 60 % of the time are fitted on, the next 20 % calibrate, the last 20 % judge; before
    each cut, DELAY_DAYS are left out, whose labels nobody would have known. Unknown labels teach
    nothing, but their payments are part of the accounts' past. Raises risk.file_columns, and
    risk.file_labels when a part has fewer than FRAUDS_MIN frauds, unless the kind needs
    no labels.
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
    return train_history(history, source, out, seed, where=str(path), kind=kind)


def train_history(
    history: History,
    source: Mapping[str, Any],
    out: Path,
    seed: int,
    *,
    where: str,
    kind: str = "forest",
) -> Trained:
    """As train_file, of features that were computed before. source: what the card says of it;
    where: for the text of risk.file_labels."""
    time_ns = history.time_ns
    if len(time_ns) == 0:
        raise RiskFault("risk.file_labels", path=where, what="there are no payments")
    begin, end = int(time_ns[0]), int(time_ns[-1]) + 1
    cuts = [begin, begin + (end - begin) * 6 // 10, begin + (end - begin) * 8 // 10, end]
    parts, window = {}, {}
    for k, name in enumerate(("fit", "calibrate", "test")):
        last = cuts[k + 1] - (DELAY_DAYS * DAY_NS if k < 2 else 0)
        mask = (time_ns >= cuts[k]) & (time_ns < last)
        known = mask & (history.labels >= 0)
        # What needs no labels is judged by them all the same, where there are some.
        if KINDS[kind].needs_labels or (name == "test" and _are_enough(history.labels[known])):
            mask = known
        labels = history.labels[mask]
        if len(labels) < 2 or (KINDS[kind].needs_labels and not _are_enough(labels)):
            frauds = int((labels == 1).sum())
            what = (
                f"{_PARTS[name]} has {frauds} known frauds in {len(labels)} payments, needed "
                f"{FRAUDS_MIN}: a label counts {DELAY_DAYS} days after its payment, and all of it "
                f"is of {(end - begin) / DAY_NS:.1f} days"
            )
            raise RiskFault("risk.file_labels", path=where, what=what)
        parts[name] = Samples(history.features[mask], history.amount_eur[mask], labels == 1)
        window[name] = [str(np.datetime64(t, "ns")) for t in (cuts[k], last)]
    source = {**source, "window": window, "delay_days": DELAY_DAYS}
    return _train(parts, source, out, seed, kind)


_PARTS: Final = {
    "fit": "the first 60 %, to fit on,",
    "calibrate": "the next 20 %, to calibrate on,",
    "test": "the last 20 %, to test on,",
}


def _are_enough(labels: NDArray[np.int8]) -> bool:
    return FRAUDS_MIN <= int((labels == 1).sum()) < len(labels)


def sample_world(world: Played, *, has_devices: bool = True) -> Samples:
    """All payments of one simulated world, with or without what is known of devices."""
    facts, reports = world.facts(), world.reports(DELAY_DAYS * DAY_NS)
    if not has_devices:
        facts, reports = without_devices(facts), without_devices(reports)
    is_fraud = world.payments()["is_fraud"]
    return Samples(compute_features(facts, reports), facts["amount_eur"], is_fraud)


def _sizes(worlds: Mapping[str, tuple[tuple[int, int, int], ...]]) -> dict[str, list[list[int]]]:
    return {name: list(map(list, sizes)) for name, sizes in worlds.items()}


def _join(samples: list[Samples]) -> Samples:
    return Samples(
        np.concatenate([s.features for s in samples]),
        np.concatenate([s.amount_eur for s in samples]),
        np.concatenate([s.is_fraud for s in samples]),
    )


def _train(
    parts: Mapping[str, Samples], source: Mapping[str, Any], out: Path, seed: int, kind: str
) -> Trained:
    fitted = KINDS[kind].fit(parts["fit"], parts["calibrate"], seed)
    path = out / MODEL_NAME
    model = parse_model(fitted.data, source=str(path))
    write_model(out, fitted.data, _card(model, parts, source, seed) | dict(fitted.card))
    card = json.loads((out / CARD_NAME).read_text("utf-8"))
    return Trained(model, card, path)


def _card(
    model: Model, parts: Mapping[str, Samples], source: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    rates = files("clearway.risk").joinpath("data/reference_rates.json").read_bytes()
    test = parts["test"]
    return {
        "source": source,
        "seed": seed,
        "rows": {name: len(part.is_fraud) for name, part in parts.items()},
        "frauds": {name: int(part.is_fraud.sum()) for name, part in parts.items()},
        "metrics_on_test": measure(model, test) if test.is_fraud.any() else {},
        "features": list(FEATURES[:LEARNED]),
        "reference_rates_sha256": hashlib.sha256(rates).hexdigest(),
        "reference": make_reference(
            FEATURES, test.features, model.calibrate(model.raw_scores(test.features))
        ),
    }


def measure(model: Model, samples: Samples) -> dict[str, float]:
    """AUC, average precision, ECE, and what the default policy makes of the scores."""
    raw = model.raw_scores(samples.features)
    score_bps = model.calibrate(raw)
    outcome = CostPolicy().decide(score_bps, samples.amount_eur)
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
