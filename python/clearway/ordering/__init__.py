"""order: one sequence of blocks out of all envelopes.

Enters: a signed envelope. Leaves: the place and the results of its payments, in a durable block.
May fail: node.disk_failed, payment.outcome_unknown. Read first: sequencer.py (one node).
"""
