"""guess: features → a raw score, its probability and each feature's part.

How models are fitted, kept, compared and watched. Read first: model.py, then kinds.py."""
