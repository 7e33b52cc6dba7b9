"""remember: facts, in the order of blocks → the past of accounts, devices, addresses and corridors.

What is staged is discarded or committed as the ledger decides. Read first: state.py."""
