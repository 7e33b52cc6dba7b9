"""The book: the typed face of the kernel, genesis, receipts, verification of a whole chain.

In: signed envelopes of canonical records. Out: blocks as NumPy views, balances, proofs.
May refuse: nothing in words of its own; the kernel's numbered refusals stand in the results.
May fail: Fault node.disk_failed, CorruptBook, GenesisError, ReceiptError, RangeError.
The only room that imports clearway_kernel. Read first: book.py, then receipt.py.
"""
