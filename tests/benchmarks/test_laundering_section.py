"""The section of docs/figures.md on laundering says what was measured."""

from benchmarks.laundering import section


def test_the_section_has_a_line_for_each_pattern_and_a_column_for_each_world() -> None:
    cell = {"ours": 0.5, "in_degree": 0.1, "isolation_forest": 0.2, "chance": 0.04}
    patterns = ("fan_in", "fan_out", "cycle", "bipartite", "stack", "scatter_gather",
                "gather_scatter", "random", "mutual", "mixed")  # fmt: skip
    found = {
        "conditions": {"seeds": [11, 12]},
        "speed": {"payments": 1_000_000, "cpu_s": 12.3},
        "amlsim_fan_in": cell
        | {"with_labels_cross_fitted": 0.8, "with_labels_calibration_error": 0.0031},
        "planted": {
            "steps": {pattern: cell | {"ours": 0.25} for pattern in patterns},
            "days": {pattern: cell | {"ours": 0.75} for pattern in patterns},
        },
        "planted_mean": cell,
    }
    lines = section(found).splitlines()
    assert "| with labels | 0.800 | 0.0031 |" in lines
    assert "| no labels | 0.500 | – |" in lines
    assert "| pattern | steps | days |" in lines
    assert "| gather-scatter | 0.25 | 0.75 |" in lines
    assert lines[-1] == "| mean | 0.25 | 0.75 |"
    assert "mean of seeds 11 and 12" in lines[0]
    assert "1,000,000 payments take 12.3 s of a processor." in lines
