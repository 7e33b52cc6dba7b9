"""A wider simulated world: more schemes, more honest look-alikes, devices, addresses and ways.

The world that the shipped model is trained on knows five schemes. This one has the same payments,
and beside them what documented typologies describe, and honest people who look like it. Nothing is
trained on it: it shows how often typologies alert and are right, and what the model makes of
schemes that it never saw. Read `world.py` first.
"""
