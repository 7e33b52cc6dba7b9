"""Sanctions screening: how many a second, and how well. Prints one JSON object.

    python -m benchmarks.screening [SHARED_FOLDER]

Rates need nothing but the package; the quality figures on labelled data need the shared folder.
Only names that the weights were not fitted on are measured (see screening_cases.py).
"""

from __future__ import annotations

import csv
import json
import os
import platform
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from benchmarks import screening_cases as cases
from clearway.screening import (
    SCORE_HIT,
    Party,
    PartyScreen,
    Screener,
    Watchlist,
    pair_probability,
    parse_name,
)
from clearway.screening.lists import SanctionsList, load_folder
from clearway.screening.score import compare

_ACCOUNTS: Final = 1_000_000
_CHECKED: Final = 10_000_000
_THRESHOLDS: Final = (0.3, 0.5, 0.6, 0.7, 0.9)


def main() -> None:
    shared = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    print(json.dumps(measure(shared), ensure_ascii=False))


def measure(shared: Path | None) -> dict[str, Any]:
    started = time.perf_counter()
    watchlist = Watchlist.shipped()
    screener = Screener(watchlist)
    for warm_up in ("Alice Example", "محمد علي"):  # the latter builds what vowelless scripts need
        screener.search(warm_up)
    load_s = time.perf_counter() - started
    figures = _inline(screener)
    figures["conditions"] |= {
        "load_s": round(load_s, 2),
        "entities": sum(len(part.entities) for part in watchlist.lists),
        "names": sum(len(e.names) for e in watchlist.entities()),
        "list_version": watchlist.version.hex(),
    }
    figures["clear_cache"] = _cached(screener)
    figures["quality"] = _search_quality(screener, watchlist)
    if shared is not None:
        figures["quality"] |= _shared_quality(screener, shared / "sanctions")
    figures["peers"] = _peers(watchlist, shared)
    return figures


# Speed


def _inline(screener: Screener) -> dict[str, Any]:
    """Every name is new, so that no verdict is cached; words recur as they do among customers."""
    names = [query.text for query in cases.unlisted_queries(cases.MEASURING)]
    took_us = []
    cpu_started = time.process_time()
    for name in names:
        started = time.perf_counter_ns()
        screener.hit(Party(name))
        took_us.append((time.perf_counter_ns() - started) / 1000)
    cpu_s = time.process_time() - cpu_started
    parse_us = _mean_us(lambda: [parse_name(name) for name in names], len(names))
    one, other = parse_name("Ramzan Kadirov"), parse_name("KADYROV, Ramzan Akhmatovich")
    latency_ms = {
        name: round(float(np.percentile(took_us, at)) / 1000, 3)
        for name, at in (("p50", 50), ("p99", 99), ("max", 100))
    }
    return {
        "bench": "screening",
        "rate_per_s": round(1e6 / float(np.mean(took_us))),
        "rate_per_cpu_s": round(len(names) / cpu_s),  # what a busy machine does not distort
        "latency_ms": latency_ms,
        "phases_us": {
            "parse": round(parse_us, 1),
            "compare": round(_mean_us(lambda: compare(one, other), 1, repeats=2000), 1),
        },
        "conditions": {
            "cores": 1,
            "cores_machine": os.cpu_count(),
            "python": platform.python_version(),
            "queries": len(names),
            "queries_from": "unlisted people and companies, 38 locales, each asked once",
        },
    }


def _mean_us(act: Any, count: int, *, repeats: int = 1) -> float:
    started = time.perf_counter_ns()
    for _ in range(repeats):
        act()
    return (time.perf_counter_ns() - started) / 1000 / repeats / count


def _cached(screener: Screener) -> dict[str, Any]:
    """Accounts that were screened before, checked in random order, in batches as payments come."""
    # Without owners the sweep that comes first takes seconds; the lookup is the same.
    screen = PartyScreen(screener, lambda numbers: [None] * len(numbers), accounts=_ACCOUNTS)
    screen.sweep(_ACCOUNTS)
    numbers = np.random.default_rng(1).integers(0, _ACCOUNTS, _CHECKED).astype(np.uint32)
    figures = {}
    for batch in (1_000, 100_000):
        started = time.perf_counter()
        for at in range(0, _CHECKED, batch):
            screen.check(numbers[at : at + batch])
        figures[f"rate_per_s_batch_{batch}"] = round(_CHECKED / (time.perf_counter() - started))
    return figures | {"accounts": _ACCOUNTS}


# Quality


def _search_quality(screener: Screener, watchlist: Watchlist) -> dict[str, Any]:
    entities = list(watchlist.lists[0].entities)
    spoiled = cases.spoiled_queries(entities, cases.MEASURING, count=2000, random=Random(11))
    by_way: dict[str, list[tuple[bool, float]]] = {}
    for query in spoiled:
        found = screener.search(query.text, limit=10)
        ids = [match.entity_id for match in found]
        right = found[ids.index(query.entity_id)].score if query.entity_id in ids else 0.0
        by_way.setdefault(query.how, []).append((ids[:1] == [query.entity_id], right))
    unlisted = [_top(screener, q.text) for q in cases.unlisted_queries(cases.MEASURING)]
    return {
        "score_hit": SCORE_HIT,
        "spoiled_names_hit": {
            way: round(float(np.mean([score >= SCORE_HIT for _, score in rows])), 3)
            for way, rows in sorted(by_way.items())
        },
        "spoiled_names_first": round(float(np.mean([f for r in by_way.values() for f, _ in r])), 3),
        "curve": [
            {
                "score": threshold,
                "spoiled_hit": round(
                    float(np.mean([s >= threshold for r in by_way.values() for _, s in r])), 4
                ),
                "unlisted_hit": round(float(np.mean(np.array(unlisted) >= threshold)), 4),
            }
            for threshold in _THRESHOLDS
        ],
    }


def _top(screener: Screener, text: str) -> float:
    found = screener.search(text, limit=1)
    return found[0].score if found else 0.0


def _shared_quality(screener: Screener, folder: Path) -> dict[str, Any]:
    return {
        "pairs": _pairs(folder / "name_pairs_nomenklatura.csv"),
        "cross_script": _cross_script(folder / "cross_script_pairs.csv"),
        "ofac_aliases": _aliases(screener, folder / "ofac_alias_pairs.csv"),
        "un_original_script": _scripts(load_folder(folder)),
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _pairs(path: Path) -> dict[str, Any]:
    """In-sample: benchmarks/screening_fit.py prints the cross-validated figures beside them."""
    rows = _rows(path)
    same = np.array([row["is_match"] == "true" for row in rows])
    chance = np.array(
        [pair_probability(parse_name(row["name1"]), parse_name(row["name2"])) for row in rows]
    )
    figures: dict[str, Any] = {"pairs": len(rows), "brier": round(_brier(chance, same), 4)}
    for threshold in (0.5, 0.7):
        figures[f"at_{threshold}"] = _f1(chance >= threshold, same)
    return figures


def _brier(chance: Any, same: Any) -> float:
    return float(((chance - same) ** 2).mean())


def _f1(said: Any, same: Any) -> dict[str, float]:
    right = int((said & same).sum())
    return {
        "precision": round(right / max(int(said.sum()), 1), 3),
        "recall": round(right / int(same.sum()), 3),
        "f1": round(2 * right / int(said.sum() + same.sum()), 3),
    }


def _cross_script(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream) if len(row) == 4 and not row[0].startswith("#")]
    reached = [
        pair_probability(parse_name(row[0]), parse_name(row[1])) >= float(row[2]) for row in rows
    ]
    return {"pairs": len(rows), "reach_their_minimum": sum(reached)}


def _aliases(screener: Screener, path: Path) -> dict[str, Any]:
    """Searching every alias; and how many scores tie at the top. The file has some aliases that the
    list no longer has, which only another name of the entity can find."""
    names = {
        e.entity_id: {listed.text for listed in e.names} for e in screener.watchlist.entities()
    }
    first = tenth = asked = gone = 0
    scores: Counter[float] = Counter()
    for row in _rows(path):
        entity_id = f"OFAC-{row['ent_num']}"
        if entity_id not in names:
            continue
        gone += row["alias"] not in names[entity_id]
        found = screener.search(row["alias"], limit=10)
        ids = [match.entity_id for match in found]
        asked += 1
        first += ids[:1] == [entity_id]
        tenth += entity_id in ids
        if found:
            scores[found[0].score] += 1
    highest = max(scores)
    return {
        "aliases": asked,
        "no_longer_listed": gone,
        "recall_at_1": round(first / asked, 4),
        "recall_at_10": round(tenth / asked, 4),
        "tied_at_highest_score": round(scores[highest] / asked, 4),
    }


def _scripts(lists: tuple[SanctionsList, ...]) -> dict[str, Any]:
    """Names in their own script against the UN list without those names."""
    (un,) = [part for part in lists if part.name == "UN Consolidated"]
    queries = cases.script_queries(list(un.entities), cases.MEASURING)
    screener = Screener(Watchlist((cases.without_other_scripts(un),)))
    found = [[m.entity_id for m in screener.search(q.text, limit=10)] for q in queries]
    pairs = list(zip(queries, found, strict=True))
    return {
        "names": len(queries),
        "recall_at_1": round(float(np.mean([ids[:1] == [q.entity_id] for q, ids in pairs])), 3),
        "recall_at_10": round(float(np.mean([q.entity_id in ids for q, ids in pairs])), 3),
    }


# Peers


def _peers(watchlist: Watchlist, shared: Path | None) -> list[dict[str, Any]]:
    """The common way: one string similarity over every listed name."""
    names = [listed.text.lower() for e in watchlist.entities() for listed in e.names]
    queries = [query.text.lower() for query in cases.unlisted_queries(cases.MEASURING)[:100]]
    peers = []
    for label, similarity, scale in (
        ("rapidfuzz token_sort_ratio over all names", fuzz.token_sort_ratio, 100.0),
        ("Jaro-Winkler over all names", JaroWinkler.similarity, 1.0),
    ):
        started = time.perf_counter()
        for query in queries:
            process.extract(query, names, scorer=similarity, limit=10)
        peer: dict[str, Any] = {
            "name": label,
            "rate_per_s": round(len(queries) / (time.perf_counter() - started), 1),
        }
        if shared is not None:
            peer["pairs_best_f1"] = _best_f1(shared, similarity, scale)
        peers.append(peer)
    return peers


def _best_f1(shared: Path, similarity: Any, scale: float) -> float:
    """At the threshold that suits it best, which flatters it."""
    rows = _rows(shared / "sanctions" / "name_pairs_nomenklatura.csv")
    same = np.array([row["is_match"] == "true" for row in rows])
    alike = np.array([similarity(r["name1"].lower(), r["name2"].lower()) / scale for r in rows])
    return max(_f1(alike >= threshold, same)["f1"] for threshold in np.unique(alike))


if __name__ == "__main__":
    main()
