"""A wider simulated world: more schemes, more honest look-alikes, devices, addresses and ways.

The plain world knows five schemes. This one has the same payments, and beside them what documented
typologies describe, and honest people who look like it. The shipped model learns from both; worlds
of other seeds show what it then finds, and how often typologies alert and are right. Read
`world.py` first.
"""
