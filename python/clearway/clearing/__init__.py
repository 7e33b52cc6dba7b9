"""clear: what exactly will move, and the sealed decision that allows it.

Enters: instructions with their quotes, holds, findings and scores.
Leaves: legs (legs.py) and decision rows with their commitments (decision.py); and from a queue of
payments and their payers' money, what can go now (offsetting.py).
Refuses: amount.not_positive, when a captured part is worth nothing in the payee's asset.
Read first: legs.py.
"""
