"""A node's past, played again on a copy of its files, so that the node may go on paying."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from clearway.app.backup import back_up
from clearway.app.bootstrap import Node, build_node
from clearway.app.config import Config
from clearway.lifecycle.resume import Recorded, recorded, tell_known
from clearway.risk.decide import Scorer
from clearway.risk.scores import Scores


@contextmanager
def copied_node(config: Config) -> Iterator[Node]:
    """A node of a copy of these files, which is not started, and goes with them."""
    with tempfile.TemporaryDirectory(prefix="clearway-copy-") as folder:
        copy = Path(folder) / "node"
        back_up(config.data, to=copy)
        node = build_node(replace(config, data=copy, database=copy / config.database.name))
        try:
            yield node
        finally:
            node.stop()


def play_past(node: Node, scorer: Scorer) -> Iterator[tuple[Recorded, Scores]]:
    """Everything that was scored, as this scorer has it: with every report where it was told."""
    book, reference, vault = node.book, node.rooms.reference, node.vault
    for part in recorded(book, reference, vault, scorer.as_of):
        tell_known(part, book, scorer, reference, vault)
        scores = scorer.score(part.facts, part.reviewable)
        scorer.commit(scores, height=part.block.height, index=part.index)
        yield part, scores
