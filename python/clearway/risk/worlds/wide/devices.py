"""What the wide world's payments are paid with, and from which network address.

Most people have a telephone of their own, some a new one after a while, families a tablet. Homes,
offices and mobile carriers have addresses; hundreds share a carrier's. Thieves bring their own
device, and use it again, or sit on the victim's.
"""

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from clearway.risk.worlds.population import PERSON, Ints, Population
from clearway.risk.worlds.wide.stage import DAY_S

Ids = NDArray[np.uint64]
PHONE, TABLET, THIEF, HAND, HOME, OFFICE, CARRIER = range(1, 8)  # the high byte of an id
_RENEWED: Final = 0.4  # share of the persons who get a new telephone while we look
_CASES_OF_A_THIEF: Final = 3
_SUBSCRIBERS: Final = 300  # behind one address of a carrier


def draw_devices(
    rng: Generator, people: Population, payments: NDArray[np.void], led: Ints, stolen: Ints
) -> Ids:
    """uint64[n] of the payments; 0 for companies and machines, who pay by programs.

    led: int64[accounts], see Stage.device. stolen: int64[n], number of the case where somebody else
    pays from the victim's account, otherwise 0.
    """
    payer, n = payments["payer"].astype(np.int64), len(payments)
    renewed_day = np.where(
        rng.random(len(people)) < _RENEWED, rng.uniform(5, 180, len(people)), 1e9
    )
    day = (payments["time_ns"] - payments["time_ns"][0]) / (DAY_S * 1e9)
    phone = _id(PHONE, payer * 2 + (day > renewed_day[payer]))
    has_tablet = (rng.random(len(people)) < 0.3)[_household(people)]
    on_tablet = has_tablet[payer] & (rng.random(n) < 0.25)
    device = np.where(on_tablet, _id(TABLET, _household(people)[payer]), phone)
    device = np.where(led[payer] > 0, _id(HAND, led[payer]), device)
    brought = (stolen > 0) & (rng.random(int(stolen.max(initial=0)) + 1) < 0.7)[stolen]
    device = np.where(brought, _id(THIEF, stolen // _CASES_OF_A_THIEF), device)
    return np.where(people.kind[payer] == PERSON, device, np.uint64(0))


def draw_addresses(
    rng: Generator, people: Population, payments: NDArray[np.void], led: Ints, stolen: Ints
) -> Ids:
    """Likewise; led: see Stage.address."""
    payer, n = payments["payer"].astype(np.int64), len(payments)
    where = rng.choice([HOME, OFFICE, CARRIER], size=n, p=[0.45, 0.15, 0.4])
    address = np.select(
        [where == HOME, where == OFFICE],
        [_id(HOME, _household(people)[payer]), _id(OFFICE, payer % (1 + len(people) // 60))],
        _id(CARRIER, payer % (1 + len(people) // _SUBSCRIBERS)),
    )
    address = np.where(led[payer] > 0, _id(HAND, led[payer]), address)
    address = np.where(stolen > 0, _id(THIEF, stolen // _CASES_OF_A_THIEF), address)
    return np.where(people.kind[payer] == PERSON, address, np.uint64(0))


def _household(people: Population) -> Ints:
    """One to three persons of neighbouring numbers live together; those who come later live alone,
    and are counted on from there."""
    number: Ints = np.arange(len(people))
    home = (number * 2 + number % 7 % 3) // 5
    return np.where(number < len(people.persons.accounts), home, number)


def _id(kind: int, number: NDArray[np.int64]) -> Ids:
    """A number of its own, spread over 64 bits as hashes are."""
    mixed = (number.astype(np.uint64) + np.uint64(kind << 56)) * np.uint64(0x9E3779B97F4A7C15)
    return mixed | np.uint64(1)
