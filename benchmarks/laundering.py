"""Laundering without labels: average precision per world and pattern. Prints one JSON object;
`make evaluate` writes the same figures into docs/figures.md.

    python -m benchmarks.laundering [SHARED_FOLDER] [--seeds 13 14]

The worlds are tests/risk/laundering/worlds.py and other_worlds.py; the shared folder has AMLSim's
fan-in sample. In it every payment under 100 is laundered, so those amounts are first drawn anew
from the others, and the accounts renamed. Beside ours stand two plain baselines: the number of
incoming payments, and an isolation forest over per-account aggregates.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clearway.risk.laundering import evaluate_aml, find_patterns, make_graph, score_accounts
from clearway.risk.laundering.aggregates import find_aggregates
from clearway.risk.laundering.graph import Floats, PaymentGraph
from clearway.risk.models.isolation import fit_isolation
from clearway.risk.models.metrics import average_precision
from tests.risk.laundering.worlds import PATTERNS, WORLDS, LaunderingWorld, make_world

GIVEAWAY_BELOW: Final = 100.0
SEEDS: Final = (13, 14)  # of the figures; nothing was chosen with them
_SAMPLE_ROWS: Final = {
    "ours": "no labels",
    "with_labels_cross_fitted": "with labels",
    "in_degree": "the number of incoming payments",
    "isolation_forest": "an isolation forest over 16 aggregates",
}
SPEED_ACCOUNTS: Final = 100_000  # about a million payments


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    args = parser.parse_args()
    print(json.dumps(measure(args.shared, args.seeds)))


def measure(shared: Path | None, seeds: Sequence[int]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "bench": "laundering",
        "figure_is": "average precision over accounts, without labels, mean over seeds",
        "conditions": {"cores": os.cpu_count(), "threads": 1, "seeds": seeds},
        "speed": _speed(),
    }
    if shared is not None:
        figures["amlsim_fan_in"] = _mean([_shared_file(shared, seed) for seed in seeds])
    figures["planted"] = {
        kind: {
            pattern: _mean([_planted(kind, pattern, seed) for seed in seeds])
            for pattern in (*PATTERNS, "mixed")
        }
        for kind in WORLDS
    }
    cells = [cell for row in figures["planted"].values() for cell in row.values()]
    figures["planted_mean"] = _mean(cells)
    return figures


def section(found: Mapping[str, Any]) -> str:
    """found: as measure gives it, with a shared folder. The section of docs/figures.md."""
    sample, mean, planted = found["amlsim_fan_in"], found["planted_mean"], found["planted"]
    seeds = " and ".join(map(str, found["conditions"]["seeds"]))
    errors = {"with_labels_cross_fitted": f"{sample['with_labels_calibration_error']:.4f}"}
    lines = [
        f"Laundering: average precision over accounts, mean of seeds {seeds}, with which nothing",
        "was chosen. AMLSim's sample: its amounts under 100 drawn anew, its accounts renamed. With",
        "labels: five folds of accounts, calibrated across them, and the score is a probability;",
        "without labels it orders accounts and is none.",
        "",
        "| AMLSim's fan-in sample | average precision | calibration error |",
        "| --- | --- | --- |",
    ]
    for name, words in _SAMPLE_ROWS.items():
        lines.append(f"| {words} | {sample[name]:.3f} | {errors.get(name, '–')} |")
    lines += [
        "",
        "Planted into simulated payments of 10,000 accounts, 60 rings, no labels. The worlds are",
        "`tests/risk/laundering/worlds.py` and `other_worlds.py`, the choices decision 020, for",
        "which `trade` and `mobile` were kept aside at first.",
        f"The mean is {mean['ours']:.2f}; the number of",
        f"incoming payments gives {mean['in_degree']:.2f}, an isolation forest over 16 aggregates",
        f"{mean['isolation_forest']:.2f}, chance {mean['chance']:.2f}.",
        "{payments:,} payments take {cpu_s:.1f} s of a processor.".format(**found["speed"]),
        "",
        "| pattern | " + " | ".join(planted) + " |",
        "| --- |" + " --- |" * len(planted),
    ]
    for pattern in (*PATTERNS, "mixed"):
        cells = (f"{planted[kind][pattern]['ours']:.2f}" for kind in planted)
        lines.append(f"| {pattern.replace('_', '-')} | {' | '.join(cells)} |")
    means = (np.mean([cell["ours"] for cell in row.values()]) for row in planted.values())
    lines.append(f"| mean | {' | '.join(f'{mean:.2f}' for mean in means)} |")
    return "\n".join(lines)


def _planted(kind: str, pattern: str, seed: int) -> dict[str, float]:
    world = make_world(kind, pattern, seed=seed)
    return {"chance": float(world.is_suspicious.mean())} | _compare(
        _graph(world), world.is_suspicious, seed
    )


def _graph(world: LaunderingWorld) -> PaymentGraph:
    return make_graph(len(world.is_suspicious), world.time, world.payer, world.payee, world.amount)


def _compare(graph: PaymentGraph, is_suspicious: NDArray[np.bool_], seed: int) -> dict[str, float]:
    aggregates = find_aggregates(graph).astype(np.float32)
    scores: dict[str, Floats] = {
        "ours": score_accounts(find_patterns(graph)),
        "in_degree": graph.got.count.astype(np.float64),
        "isolation_forest": fit_isolation(aggregates, seed=seed).raw_scores(aggregates),
    }
    return {name: average_precision(score, is_suspicious) for name, score in scores.items()}


def _mean(cells: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([cell[name] for cell in cells])), 4) for name in cells[0]}


def _shared_file(shared: Path, seed: int) -> dict[str, float]:
    """Ours by the command's own function, from file to file; accounts that never pay are none."""
    folder = shared / "aml_graph" if (shared / "aml_graph").is_dir() else shared / "data/aml_graph"
    nodes = pq.read_table(folder / "20K_fanin200_nodes.parquet")
    rows = pq.read_table(folder / "20K_fanin200_transactions.parquet")
    payer, payee, amount, at = (rows[name].to_numpy().copy() for name in (
        "sourceNodeId", "targetNodeId", "value", "time"))  # fmt: skip
    rng = np.random.default_rng(seed)
    low = amount < GIVEAWAY_BELOW
    amount[low] = rng.choice(amount[~low], int(low.sum()))
    renamed = rng.permutation(len(nodes))
    payer, payee = renamed[payer], renamed[payee]
    truth = np.zeros(len(nodes), dtype=np.bool_)
    truth[renamed[nodes["nodeid"].to_numpy()]] = nodes["isFraud"].to_numpy() == 1
    with tempfile.TemporaryDirectory() as temporary:
        payments, labels, out = (Path(temporary) / name for name in ("p.parquet", "l.csv", "a.csv"))
        columns = {
            "payment_id": np.arange(len(at)), "time": at, "payer": payer, "payee": payee,
            "amount": amount,
        }  # fmt: skip
        pq.write_table(pa.table(columns), payments)
        suspicions = {"account": np.arange(len(truth)), "is_suspicious": truth.astype(int)}
        pa.csv.write_csv(pa.table(suspicions), labels)
        evaluate_aml(payments=payments, out=out)
        found = pa.csv.read_csv(out)
        ours = np.zeros(len(truth))
        ours[found["account"].to_numpy()] = found["score"].to_numpy()
        learnt = evaluate_aml(payments=payments, labels=labels, out=out)
    order = np.argsort(at, kind="stable")
    order = order[payer[order] != payee[order]]
    graph = make_graph(len(truth), at[order], payer[order], payee[order], amount[order])
    plain = _compare(graph, truth, seed)
    assert learnt.average_precision is not None, "invariant: labels were given"
    assert learnt.calibration_error is not None, "invariant: labels were given"
    return {
        **plain, "chance": float(truth.mean()), "ours": average_precision(ours, truth),
        "with_labels_cross_fitted": learnt.average_precision,
        "with_labels_calibration_error": learnt.calibration_error,
    }  # fmt: skip


def _speed() -> dict[str, float]:
    """Processor seconds of the pattern finders on about a million payments, on one core."""
    world = make_world("days", "mixed", seed=1, accounts=SPEED_ACCOUNTS, rings=400)
    find_patterns(_graph(make_world("days", "mixed", seed=1, accounts=1_000, rings=5)))
    begin = time.process_time()
    find_patterns(_graph(world))
    return {"payments": len(world.time), "cpu_s": round(time.process_time() - begin, 1)}


if __name__ == "__main__":
    main()
