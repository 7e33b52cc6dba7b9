"""The vocabulary every room speaks: money, assets, ids, records, batches, states, errors.

Nothing here decides or does I/O; it needs the standard library and NumPy only.
Read first: records.py (what stands on the ledger), then batch.py (what travels through pay.py).
"""
