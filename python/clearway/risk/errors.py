"""What can go wrong with the risk room's files; a caller cannot cause any of it."""

from typing import Final

CATALOGUE: Final = {
    "risk.snapshot_corrupt": "{path} is not whole; make the state again from the blocks",
    "risk.snapshot_version": "{path} is not of features version {needed}",
    "risk.model_corrupt": "{path} has SHA-256 {found}, its card says {declared}",
    "risk.model_unknown": "{path} has no card {card} beside it",
    "risk.model_format": "{path}: {what}",
    "risk.model_ambiguous": (
        "{count} models have an id that begins with {said!r}; `clearway models list` has their ids"
    ),
    "risk.no_challenger": (
        "no model is tried beside the one that decides; name one, or try one: "
        "`clearway models add FOLDER --challenge`"
    ),
    "risk.typologies_format": "{path}: {what}",
    "risk.registry_corrupt": "{path}: {what}",
    "risk.file_columns": "{path} lacks the columns {missing}",
    "risk.file_format": "{path} cannot be read: {what}",
    "risk.file_values": "{path} has {what} in row {row}",
    "risk.file_labels": "{path}: {what}",
}


class RiskFault(Exception):
    """A code of CATALOGUE with its facts. No retry helps: the file has to be replaced."""

    retryable = False

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        super().__init__(CATALOGUE[code].format(**facts))
