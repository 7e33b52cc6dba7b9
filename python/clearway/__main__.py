"""`python -m clearway`."""

from clearway.app.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
