"""The sockets: what a plugged part must be able to do, and the suites that every part must pass.

Enters and leaves: nothing, these are Protocols and checks. Read first: ordering.py.
"""
