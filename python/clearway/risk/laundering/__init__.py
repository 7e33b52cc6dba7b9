"""find: accounts that launder, from the graph of who paid whom, with or without labels.

In: a file of payments. Out: a score and the typologies of each account. It refuses files that
cannot be read, miss columns, or hold what is no payment. Read first: score.py, then surprise.py;
each pattern is a file of its own.
"""

from clearway.risk.laundering.evaluate import AmlEvaluation, evaluate_aml
from clearway.risk.laundering.graph import PaymentGraph, make_graph
from clearway.risk.laundering.score import (
    PATTERNS,
    find_patterns,
    name_typologies,
    score_accounts,
)

__all__ = [
    "PATTERNS", "AmlEvaluation", "PaymentGraph", "evaluate_aml", "find_patterns", "make_graph",
    "name_typologies", "score_accounts",
]  # fmt: skip
