"""Stars: a centre and those it deals with in one run of payments, from centre to members."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from clearway.risk.laundering.graph import Floats, Ints
from clearway.risk.laundering.surprise import calibrate_by_degree, strength

DILUTION: Final = 0.5  # power of a star's size by which each member is less sure
HUBS: Final = 0.01  # of accounts, those with most partners


@dataclass(frozen=True, slots=True)
class Stars:
    """surprise: float64[accounts], of the account as a centre. habit: float64[accounts], how much
    of it the account's next run has too. degree: int64[accounts], payments on the centre's side.
    centre, member: int64[r], accounts of each payment of the best runs."""

    surprise: Floats
    habit: Floats
    degree: Ints
    centre: Ints
    member: Ints


def weigh_stars(stars: Stars, partners: Ints, *, habits_too: bool = False) -> Floats:
    """Strength of each account, float64[accounts], as a centre or as a member.

    partners: int64[accounts], how many each account deals with.

    What a centre does again is its habit: only what lies beyond it counts, unless habits_too.
    The rate of false discoveries is one of centres: a thousand members of one star are no thousand
    discoveries. A hub is in somebody's star by chance, and as a member less sure as it has more
    partners than the least of HUBS.
    """
    centres = strength(calibrate_by_degree(stars.surprise, stars.degree))
    if not habits_too:
        beyond = calibrate_by_degree(stars.surprise - stars.habit, stars.degree)
        centres = np.minimum(centres, strength(beyond))
    size = np.bincount(stars.centre, minlength=len(centres))
    passed = centres[stars.centre] - DILUTION * np.log(size[stars.centre])
    hub = max(float(np.quantile(partners, 1.0 - HUBS)), 1.0)
    passed = np.maximum(0.0, passed) / np.maximum(1.0, partners / hub)[stars.member]
    found = centres.copy()
    np.maximum.at(found, stars.member, passed)
    return found


def expand_runs(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Of runs first[k] to last[k] (none where last < first): number of the run, place in it.

    >>> [part.tolist() for part in expand_runs(np.array([3, 0, 7]), np.array([4, -1, 7]))]
    [[0, 0, 2], [3, 4, 7]]
    """
    length = np.maximum(last - first + 1, 0)
    run = np.repeat(np.arange(len(first)), length)
    place = np.arange(len(run)) - np.repeat(np.cumsum(length) - length, length)
    return run, first[run] + place
