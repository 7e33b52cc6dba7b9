"""The figures, one module a bench: `run(*, as_json) -> dict` in the shape of design and docs."""
