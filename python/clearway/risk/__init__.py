"""score: how likely each payment is a fraud, what follows from it, and why.

In: FACTS[n], what stands on the chain. Out: Scores (basis points, accept | review | decline,
reasons, features), and a memory that moves on with the blocks. It refuses nothing; without a
model it says so on every row. Read first: decide.py, then features/declared.py.
"""

from clearway.risk.decide import Scorer
from clearway.risk.errors import RiskFault
from clearway.risk.facts import FACTS, ReferenceRates
from clearway.risk.memory.state import FeatureState
from clearway.risk.models.model import RiskModel
from clearway.risk.policy import CostPolicy
from clearway.risk.reasons import CATALOGUE, reasons_of
from clearway.risk.scores import NO_MODEL_ID, Scores

__all__ = [
    "CATALOGUE", "FACTS", "NO_MODEL_ID", "CostPolicy", "FeatureState", "ReferenceRates",
    "RiskFault", "RiskModel", "Scorer", "Scores", "reasons_of",
]  # fmt: skip
