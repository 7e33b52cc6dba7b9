"""Writes python/clearway/risk/features/generated.py from the declarations: `make features`."""

import sys
import types
from importlib import import_module
from pathlib import Path

RISK = Path(__file__).parents[1] / "python/clearway/risk"


def main() -> None:
    # The declarations need none of the room's compiled code, and it may be what is broken just now:
    # packages without their __init__ let the compiler be imported by itself.
    for name, folder in (("clearway.risk", RISK), ("clearway.risk.features", RISK / "features")):
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    import_module("clearway.risk.features.compiler").write()


if __name__ == "__main__":
    main()
