"""Fits the weights in `clearway/screening/score.py` and prints them as they stand there.

    python -m benchmarks.screening_fit SHARED_FOLDER
    python -m benchmarks.screening_fit words > python/clearway/screening/data/word_counts.csv

The second prints how many entities of the shipped list have each word; fit again after it.
Logistic regression with a small ridge; every weight is held to the sign that a person would expect.
PAIR is fitted on the labelled pairs and its figures are cross-validated, with all pairs of one name
in one fold. LISTED is fitted on the best candidate of each query, half of them of listed names.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # type: ignore[import-untyped]

from benchmarks import screening_cases as cases
from clearway.screening.index import NameIndex
from clearway.screening.lists import Entity, NameQuality, load_folder, shipped_lists
from clearway.screening.names import Name, identifying_words, parse_name, readings_of
from clearway.screening.score import Evidence, compare

Floats = npt.NDArray[np.float64]

_WORD_COUNT_MIN: Final = 3
_RIDGE_PAIR: Final = 0.5
_RIDGE_LISTED: Final = 1.0
_FOLDS: Final = 5
_REPEATS: Final = 5
_ROUNDS: Final = 6  # refits until the best candidates no longer change
# Which evidence speaks for a match; all other speaks against it.
_FOR: Final = ("shared",)
# Where few examples would push a weight to an extreme, or none would set it, it is held: a company
# that trades its legal form for another must not thereby become clear.
_PAIR_BOUNDS: Final = {
    "forms_differ": (-4.0, 0.0),
    "syllables": (-4.0, 0.0),
    "edits_elsewhere": (-2.0, -0.5),  # few labelled pairs differ in two words at once
}
_LISTED_BOUNDS: Final = {"forms_differ": (-2.0, 0.0), "syllables": (-4.0, -3.0)}


def main() -> None:
    if sys.argv[1] == "words":
        _show_words()
        return
    shared = Path(sys.argv[1])
    evidence, same, groups = _pairs(shared / "sanctions" / "name_pairs_nomenklatura.csv")
    for threshold in (0.5, 0.7):
        print(
            f"# cross-validated at {threshold}:",
            _cross_validated(evidence, same, groups, threshold),
        )
    _show("PAIR", _fit(evidence, same, Evidence._fields, _RIDGE_PAIR, _PAIR_BOUNDS))
    evidence, same, queries = _listed(shared)
    names = (*Evidence._fields, "weak_word")
    weights = _fit_best(evidence, same, queries, names)
    _show("LISTED", weights[:-1])
    print(f"LISTED_WEAK_WORD: Final = {weights[-1]:.3f}")


def _show_words() -> None:
    (ofac,) = shipped_lists()
    counts: Counter[str] = Counter()
    for entity in ofac.entities:
        counts.update({token.text for token in parse_name(entity.names[0].text).tokens})
    for word, count in sorted(counts.items()):
        if count >= _WORD_COUNT_MIN:
            print(f"{word},{count}")


def _show(name: str, weights: Floats) -> None:
    print(f"{name}: Final = Weights(\n    bias={weights[0]:.3f},\n    per=Evidence(")
    for field, weight in zip(Evidence._fields, weights[1:], strict=True):
        print(f"        {field}={weight:.3f},")
    print("    ),\n)")


def _fit(
    evidence: Floats,
    same: Floats,
    names: tuple[str, ...],
    ridge: float,
    held: dict[str, tuple[float, float]],
) -> Floats:
    """The bias and the weights, in the evidence's own units."""
    spread, middle = evidence.std(0) + 1e-9, evidence.mean(0)
    columns = np.c_[np.ones(len(evidence)), (evidence - middle) / spread]

    def loss(weights: Floats) -> tuple[float, Floats]:
        log_odds = columns @ weights
        value = np.logaddexp(0, log_odds).sum() - same @ log_odds
        slope = columns.T @ (1 / (1 + np.exp(-log_odds)) - same)
        penalty = ridge * np.r_[0, weights[1:]]
        return float(value + penalty @ weights / 2), slope + penalty

    bounds: list[tuple[float | None, float | None]] = [(None, None)]
    for name, unit in zip(names, spread, strict=True):
        if name in held:
            bounds.append((held[name][0] * unit, held[name][1] * unit))
        else:
            bounds.append((0.0, None) if name in _FOR else (None, 0.0))
    start = np.array([high or 0.0 for _, high in bounds])
    scaled = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = scaled[1:] / spread
    fitted: Floats = np.r_[scaled[0] - weights @ middle, weights]
    return fitted


# Pairs


def _pairs(path: Path) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    evidence = [compare(parse_name(row["name1"]), parse_name(row["name2"])) for row in rows]
    groups = np.unique([row["name2"] for row in rows], return_inverse=True)[1]
    return np.array(evidence), np.array([row["is_match"] == "true" for row in rows], float), groups


def _cross_validated(
    evidence: Floats, same: Floats, groups: npt.NDArray[np.intp], threshold: float
) -> dict[str, float]:
    figures = []
    for repeat in range(_REPEATS):
        fold = np.random.default_rng(repeat).integers(0, _FOLDS, groups.max() + 1)[groups]
        log_odds = np.zeros(len(same))
        for held in range(_FOLDS):
            test = fold == held
            weights = _fit(
                evidence[~test], same[~test], Evidence._fields, _RIDGE_PAIR, _PAIR_BOUNDS
            )
            log_odds[test] = weights[0] + evidence[test] @ weights[1:]
        chance = 1 / (1 + np.exp(-log_odds))
        said = chance >= threshold
        right = (said & (same == 1)).sum()
        precision, recall = right / said.sum(), right / same.sum()
        brier = ((chance - same) ** 2).mean()
        figures.append((precision, recall, 2 * right / (said.sum() + same.sum()), brier))
    names = ("precision", "recall", "f1", "brier")
    return {name: round(float(v), 3) for name, v in zip(names, np.mean(figures, 0), strict=True)}


# Lists


def _listed(shared: Path) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    random = Random(7)
    (ofac,) = shipped_lists()
    entities = list(ofac.entities)
    queries = cases.spoiled_queries(entities, cases.FITTING, count=3000, random=random)
    queries += cases.alias_queries(entities, cases.FITTING, count=2000, random=random)
    queries += cases.unlisted_queries(cases.FITTING)
    found = _Candidates(entities).of(queries)
    un = [part for part in load_folder(shared / "sanctions") if part.name.startswith("UN")]
    queries = cases.script_queries(list(un[0].entities), cases.FITTING)
    found += _Candidates(list(cases.without_other_scripts(un[0]).entities)).of(queries)
    evidence, same, owners = [], [], []
    for number, candidates in enumerate(found):
        for row, right in candidates:
            evidence.append(row)
            same.append(right)
            owners.append(number)
    return np.array(evidence, float), np.array(same, float), np.array(owners)


class _Candidates:
    """The evidence of every candidate of a query, and whether it is the right entity."""

    def __init__(self, entities: list[Entity]) -> None:
        self._rows: list[tuple[Entity, str, bool, Name]] = []
        for entity in entities:
            for listed in entity.names:
                weak = listed.quality is NameQuality.WEAK
                for reading in readings_of(parse_name(listed.text)):
                    weak_word = weak and identifying_words(reading) == 1
                    self._rows.append((entity, listed.text, weak_word, reading))
        self._index = NameIndex.of(row[-1] for row in self._rows)

    def of(self, queries: list[cases.Query]) -> list[list[tuple[tuple[float, ...], bool]]]:
        found = []
        for query in queries:
            name = parse_name(query.text)
            candidates: list[tuple[tuple[float, ...], bool]] = []
            for row, _ in self._index.candidates(name, closeness_min=0.5)[:24]:
                entity, text, weak, listed = self._rows[row]
                if text != query.hidden_name:
                    evidence = (*compare(name, listed), float(weak))
                    candidates.append((evidence, entity.entity_id == query.entity_id))
            found.append(candidates)
        return found


def _fit_best(
    evidence: Floats, same: Floats, queries: npt.NDArray[np.intp], names: tuple[str, ...]
) -> Floats:
    """Fits on the best candidate of each query under the weights of the round before."""
    weights = _fit(evidence, same, names, _RIDGE_LISTED, _LISTED_BOUNDS)
    for _ in range(_ROUNDS):
        log_odds = weights[0] + evidence @ weights[1:]
        order = np.lexsort((log_odds, queries))
        last = np.r_[queries[order][1:] != queries[order][:-1], True]
        best = order[last]
        weights = _fit(evidence[best], same[best], names, _RIDGE_LISTED, _LISTED_BOUNDS)
    return weights


if __name__ == "__main__":
    main()
