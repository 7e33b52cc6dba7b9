"""Screens the parties of payments against sanctions lists.

Enter: account numbers (`PartyScreen.check`) or names (`Screener.search`, `screen_file`).
Leave: 0 clear or 1 hit for each account; matches with a probability and the evidence behind it.
May refuse: a list file that cannot be read whole (`BadList`), a bad file of names or birth date
(request.invalid). A hit is a verdict, not an error.
Read first: screen.py; then score.py (what two names have in common) and index.py (how it is fast).
"""

from clearway.screening.files import FileScreened, screen_file, screen_name, screen_pairs
from clearway.screening.lists import BadList, BirthDate, Entity, SanctionsList, parse_birth_date
from clearway.screening.names import parse_name
from clearway.screening.score import Evidence, pair_probability
from clearway.screening.screen import (
    SCORE_HIT,
    Match,
    NamesOf,
    Party,
    PartyScreen,
    Screener,
    Watchlist,
)

__all__ = [
    "SCORE_HIT",
    "BadList",
    "BirthDate",
    "Entity",
    "Evidence",
    "FileScreened",
    "Match",
    "NamesOf",
    "Party",
    "PartyScreen",
    "SanctionsList",
    "Screener",
    "Watchlist",
    "pair_probability",
    "parse_birth_date",
    "parse_name",
    "screen_file",
    "screen_name",
    "screen_pairs",
]
