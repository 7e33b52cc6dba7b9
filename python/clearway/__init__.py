"""Clearway: a real-time payments network in a box. Read lifecycle/pay.py first."""

__version__ = "0.1.0"
