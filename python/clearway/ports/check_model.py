"""The suite that every model must pass.

    check_model(case)

raises AssertionError, naming the rule, for a model that breaks one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clearway.ports.model import ROUNDING, SCORE_BPS_MAX, Model


class ModelCase(Protocol):
    """A model, its file, and rows as it meets them."""

    model: Model

    def rows(self, n: int) -> NDArray[np.float32]:
        """n rows of features float32[n, k], no two alike."""

    def again(self) -> Model:
        """The same model, read from its file once more."""

    def other(self) -> Model:
        """A model of the same kind from another file."""


def check_model(case: ModelCase) -> None:
    """Runs every rule on one model."""
    for rule in RULES:
        rule(case)


def a_score_is_one_probability_a_row(case: ModelCase) -> None:
    raw = case.model.raw_scores(case.rows(100))
    assert raw.shape == (100,), "one raw score a row"
    assert raw.dtype == np.float64, "raw scores are float64"
    assert np.isfinite(raw).all(), "raw scores are finite"
    said = case.model.calibrate(raw)
    assert said.shape == (100,), "one probability a row"
    assert said.dtype == np.uint16, "probabilities are uint16"
    assert (said <= SCORE_BPS_MAX).all(), "probabilities are at most 10,000 basis points"


def probabilities_rise_with_raw_scores(case: ModelCase) -> None:
    raw = np.sort(np.append(case.model.raw_scores(case.rows(500)), [-1e9, 1e9]))
    said = case.model.calibrate(raw).astype(int)
    assert (np.diff(said) >= 0).all(), "probabilities rise with the raw score"


def contributions_add_up_to_the_raw_score(case: ModelCase) -> None:
    rows = case.rows(200)
    parts = case.model.contributions(rows)
    assert parts.shape == rows.shape, "one part for each feature of each row"
    assert parts.dtype == np.float64, "parts are float64"
    raw = case.model.raw_scores(rows)
    largest = 1.0 + np.abs(parts).max() + np.abs(raw).max()
    gap = np.abs(parts.sum(axis=1) + case.model.base - raw).max()
    assert gap <= ROUNDING * largest, "base and parts add up to the raw score"


def a_row_is_scored_the_same_alone_and_among_others(case: ModelCase) -> None:
    rows = case.rows(65)
    raw = case.model.raw_scores(rows)
    for k in (0, 31, 64):
        one = case.model.raw_scores(rows[k : k + 1])
        assert one.tobytes() == raw[k : k + 1].tobytes(), "a row's score is its own"
        part = case.model.contributions(rows[k : k + 1])
        assert part.tobytes() == case.model.contributions(rows)[k].tobytes(), "so are its parts"


def asking_changes_nothing(case: ModelCase) -> None:
    rows = case.rows(50)
    before, first = rows.tobytes(), case.model.raw_scores(rows).tobytes()
    case.model.contributions(rows)
    assert rows.tobytes() == before, "the rows are not written to"
    assert case.model.raw_scores(rows).tobytes() == first, "the same rows, the same scores"


def rows_that_may_not_be_written_or_lie_apart_are_taken(case: ModelCase) -> None:
    rows = case.rows(40)
    raw = case.model.raw_scores(rows)
    frozen = np.frombuffer(rows.tobytes(), np.float32).reshape(rows.shape)
    assert case.model.raw_scores(frozen).tobytes() == raw.tobytes(), "read-only rows"
    apart = np.repeat(rows, 2, axis=0)[::2]
    assert case.model.raw_scores(apart).tobytes() == raw.tobytes(), "rows that lie apart"
    assert case.model.contributions(apart).shape == rows.shape, "and their parts"


def no_rows_have_no_scores(case: ModelCase) -> None:
    none = case.rows(1)[:0]
    raw = case.model.raw_scores(none)
    assert raw.shape == (0,), "no raw scores"
    assert case.model.calibrate(raw).shape == (0,), "no probabilities"
    assert case.model.contributions(none).shape == none.shape, "no parts"


def what_is_no_number_is_scored(case: ModelCase) -> None:
    for value in (np.nan, np.inf, -np.inf, np.float32(3.4e38), np.float32(-3.4e38)):
        rows = case.rows(30)
        rows[::2, ::2] = value
        rows[1] = value
        raw = case.model.raw_scores(rows)
        assert np.isfinite(raw).all(), f"{value} gives a finite score"
        assert (case.model.calibrate(raw) <= SCORE_BPS_MAX).all(), f"{value} gives a probability"
        parts = case.model.contributions(rows)
        assert np.isfinite(parts).all(), f"{value} has finite parts"
        largest = 1.0 + np.abs(parts).max() + np.abs(raw).max()
        gap = np.abs(parts.sum(axis=1) + case.model.base - raw).max()
        assert gap <= ROUNDING * largest, f"parts add up with {value}"


def the_file_is_the_model(case: ModelCase) -> None:
    again = case.again()
    assert len(case.model.model_id) == 32, "an id is 32 bytes"
    assert any(case.model.model_id), "32 zeros are the id of no model"
    assert again.model_id == case.model.model_id, "the same file, the same id"
    rows = case.rows(50)
    assert again.raw_scores(rows).tobytes() == case.model.raw_scores(rows).tobytes(), (
        "and the same scores"
    )
    assert case.other().model_id != case.model.model_id, "another file, another id"


RULES: tuple[Callable[[ModelCase], None], ...] = (
    a_score_is_one_probability_a_row,
    probabilities_rise_with_raw_scores,
    contributions_add_up_to_the_raw_score,
    a_row_is_scored_the_same_alone_and_among_others,
    asking_changes_nothing,
    rows_that_may_not_be_written_or_lie_apart_are_taken,
    no_rows_have_no_scores,
    what_is_no_number_is_scored,
    the_file_is_the_model,
)
