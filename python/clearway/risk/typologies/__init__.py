"""Documented ways to launder and to defraud, each one a file: what payments that fit look like.

In: features float32[n, k]. Out: a bit mask a payment, whose bits are TYPOLOGIES. They advise people
(alerts, cases) and decide nothing. Read first: rule.py, then any of the files that registry.py
lists; docs/typologies.md shows how often each one alerts, and how often it is right.
"""
