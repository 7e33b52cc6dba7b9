"""How good the models are, written into docs/figures.md: `make evaluate SHARED=folder`.

    python -m benchmarks.evaluate SHARED_FOLDER [--only NAME] [--figures docs/figures.md]

Each name of SECTIONS is measured and written between its marks; nothing else of the page moves.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import card_fraud, laundering, simulator

FIGURES: Final = Path(__file__).parents[1] / "docs/figures.md"
_CARD_FRAUD: Final = """\
Card fraud, the Fraud Detection Handbook's data and four folds (weeks of training from 2018-07-25,
08-01, 08-08 and 08-15, a week until their labels are known, a week of test), means; seeds 1 to 6.
Of 100 cards a day: the share that had a fraud. Features and settings were chosen on training weeks
from 2018-05-30 to 2018-07-18. The protocol is `benchmarks/card_fraud.py`."""
_PUBLISHED: Final = (
    ("best published, each of another model", 0.879, 0.687, 0.305),
    ("an oracle that knows every fraud with a visible sign", 0.899, 0.800, 0.324),
    ("ceiling", 1.0, 1.0, 0.419),
)


def card_fraud_section(found: Mapping[str, Any]) -> str:
    """found: as card_fraud.measure gives it."""
    lines = [
        *_CARD_FRAUD.splitlines(),
        "",
        "| learned from | AUC | average precision | of 100 cards a day | calibration error |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, setting in (("7 days", "7_days"), ("all days before", "all_history")):
        auc, ap, cards, error = (found[setting][metric] for metric in card_fraud.METRICS)
        lines.append(f"| {name} | {auc:.4f} | {ap:.4f} | {cards:.4f} | {error:.4f} |")
    for name, auc, ap, cards in _PUBLISHED:
        lines.append(f"| {name} | {auc:.3f} | {ap:.3f} | {cards:.3f} | – |")
    return "\n".join(lines)


SECTIONS: Final[Mapping[str, Callable[[Path], str]]] = {
    "card fraud": lambda shared: card_fraud_section(card_fraud.measure(shared)),
    "simulator": lambda shared: simulator.section(),
    "laundering": lambda shared: laundering.section(laundering.measure(shared, laundering.SEEDS)),
}


def put_section(page: str, name: str, section: str) -> str:
    """The page with what stands between the marks of this name replaced."""
    begin, end = f"<!-- make evaluate: {name} -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"the page has no marks of {name!r}")
    return "".join((before, begin, section, "\n", end, after))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared", type=Path)
    parser.add_argument("--only", choices=SECTIONS, action="append")
    parser.add_argument("--figures", type=Path, default=FIGURES)
    args = parser.parse_args()
    for name in args.only or SECTIONS:
        section = SECTIONS[name](args.shared)
        print(section, flush=True)
        page = args.figures.read_text("utf-8")
        args.figures.write_text(put_section(page, name, section), "utf-8")


if __name__ == "__main__":
    main()
