"""app: puts the rooms together. The only place that names concrete parts and reads settings.

Enters: the command line and the environment. Leaves: a running Node.
Refuses: ConfigError with every bad setting at once. Read first: bootstrap.py, then config.py.
"""
