"""simulate: a seed → people who pay, and who robs them; nothing here is used while a node serves.

Read first: world.py. What a model saves of it: trial.py."""
