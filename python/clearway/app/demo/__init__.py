"""`clearway demo`: a week of a small town's payments on a real node, and what came of it.

Enters: nothing but the package's own lists, rates, model and a seeded world. Leaves: six stories
with their receipts, one table, exit code 0 when all of it is as it should be.
Read first: run.py, from top to bottom.
"""

from clearway.app.demo.run import Outcome, play_demo, run_demo

__all__ = ["Outcome", "play_demo", "run_demo"]
