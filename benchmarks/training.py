"""How long it takes to learn from a file of payments, from its bytes to the model's.

    python -m benchmarks.training SHARED_FOLDER     # prints one JSON object

Writes the handbook's payments in neutral columns, which is not timed, and runs `clearway train` on
them in a process of its own: it reads the file, computes every feature, fits the forest, calibrates
it, judges it, and writes model and card.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.card_fraud import write_payments


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="clearway-training-") as folder:
        print(json.dumps(measure(write_payments(Path(sys.argv[1]), Path(folder)))))


def measure(payments: Path) -> dict[str, Any]:
    """Wall and processor time (user and system, of all threads), memory at the peak, and what the
    model's card says of it."""
    out = payments.parent / "model"
    command: list[str | Path] = [Path(sys.executable).parent / "clearway", "train", payments]
    begun_s = time.perf_counter()
    subprocess.run([*command, "--out", out], check=True, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - begun_s
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    card = json.loads((out / "card.json").read_text("utf-8"))
    return {
        "wall_s": round(wall_s, 1),
        "processor_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mib": used.ru_maxrss // 1024,
        "rows": card["rows"],
        "metrics_on_test": card["metrics_on_test"],
    }


if __name__ == "__main__":
    main()
