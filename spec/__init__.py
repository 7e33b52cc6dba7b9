"""The rules of the ledger once more, in plain and slow Python: docs/format.md as a program.

In: a state, a time and the bytes of envelopes. Out: a header, one result for each entry, and the
next state. An entry may be refused with any code of `codes.py`; bytes that do not decode raise
`DecodeError`, and then there is no block at all. Nothing here is shared with the kernel.
Read `ledger.py` first, then `rules.py`; `records.py` has the bytes and `state.py` the tables.
"""
