"""What the shipped model saves on simulated payments, as docs/figures.md tells it.

python -m benchmarks.simulator
"""

from __future__ import annotations

from typing import Final

from clearway.app import simulated
from clearway.risk.worlds.trial import REPORT_DAYS, WARM_UP_DAYS

_WORLD = "{:,} customers, {} merchants and {} days"
PROTOCOL: Final = f"""\
The package's own simulator and the model that ships (`clearway evaluate risk`): worlds of the seeds
{", ".join(map(str, simulated.SEEDS))}, plain ones with {_WORLD.format(*simulated.SIZE)} each, and
wide ones with {_WORLD.format(*simulated.WIDE_SIZE)} (`risk/worlds/wide/`). It learned from worlds
of both kinds, of other seeds. The first {WARM_UP_DAYS} days are not judged. A fraud is
reported after {REPORT_DAYS} days, and not before, even where it was stopped; laundering never.
Stopped is what was declined or reviewed; saved is what was declined, and of what was reviewed all
but the fifth that an analyst lets go; costs are those of `CostPolicy`. Of the cases with a stop,
the payments and the time before the first are medians. The rules have people look from a level
on that was set by looking at these very payments: so that they alert as often as the model,
have as many reviewed, or stop as many honest payments. In brackets where nine in ten of 1,000
resamples of payers lie. Named by a typology are cases with an alert that stops nothing."""


def section() -> str:
    return f"{PROTOCOL}\n\n{simulated.evaluate_simulated()[1]}"


if __name__ == "__main__":
    print(section())
