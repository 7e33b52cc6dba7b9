"""judge: somebody's file of payments → the same facts, features and scores, without a node.

Read first: files.py."""
