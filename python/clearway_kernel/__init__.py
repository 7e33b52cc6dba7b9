"""The kernel: money, blocks and proofs, compiled from kernel/. Types are in __init__.pyi."""

from clearway_kernel._native import *  # noqa: F403
