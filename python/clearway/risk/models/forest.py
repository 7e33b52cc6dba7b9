"""Decision trees as flat arrays, walked by compiled code: LightGBM's answer in a tenth of the time.

Every tree is padded to the same depth, so that a walk is `depth` steps without a branch: node k has
its children at 2k and 2k + 1, and k starts at 1. Features are float32, so a float64 threshold may
be rounded down to float32 without changing a single answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numba import types
from numpy.typing import NDArray

from clearway.risk.compiled import REQUIRED, compiled

DEPTH_MAX: Final = 8
TREES_MAX: Final = 1_000
_ROWS_AT_ONCE: Final = 64  # their features stay in the first cache while the trees pass by


@dataclass(frozen=True, slots=True)
class Forest:
    """t trees of depth d over k features.

    feature uint8[t, 2**d], threshold float32[t, 2**d]: go right when the feature is above it (a
    NaN is above nothing). value float64[t, 2**d]: the scores of the leaves, from left to right.
    cover float64[t, 2**(d+1)]: how many training rows passed each node; padding has none.
    """

    depth: int
    feature: NDArray[np.uint8]
    threshold: NDArray[np.float32]
    value: NDArray[np.float64]
    cover: NDArray[np.float64]

    @classmethod
    def of_lightgbm(cls, dump: Mapping[str, Any]) -> Self:
        """From `Booster.dump_model()`. ValueError for what this walk cannot do: categories, zero
        taken for missing, more than DEPTH_MAX levels; and for numbers that are no tree's. LightGBM
        is only asked about finite features, so what it thinks of a missing one is not looked at."""
        roots = [tree["tree_structure"] for tree in dump["tree_info"]]
        if not 0 < len(roots) <= TREES_MAX:
            raise ValueError(f"{len(roots)} trees, there may be 1 to {TREES_MAX}")
        depth = max(1, *(_depth_of(root) for root in roots))
        if depth > DEPTH_MAX:
            raise ValueError(f"depth {depth} is above {DEPTH_MAX}")
        forest = cls(
            depth=depth,
            feature=np.zeros((len(roots), 1 << depth), dtype=np.uint8),
            threshold=np.full((len(roots), 1 << depth), np.inf, dtype=np.float32),
            value=np.zeros((len(roots), 1 << depth)),
            cover=np.zeros((len(roots), 2 << depth)),
        )
        for t, root in enumerate(roots):
            forest._place(t, 1, root)
        if not (np.isfinite(forest.value).all() and np.isfinite(forest.cover).all()):
            raise ValueError("a number is not finite")
        return forest

    def _place(self, t: int, k: int, node: Mapping[str, Any]) -> None:
        if "leaf_value" in node:
            # Padding below it: all go left, and every leaf there says the same.
            first = k << (self.depth + 1 - k.bit_length())
            last = first + (1 << (self.depth + 1 - k.bit_length()))
            self.value[t, first - (1 << self.depth) : last - (1 << self.depth)] = node["leaf_value"]
            self.cover[t, k] = node["leaf_count"]
            if not self.cover[t, k] > 0:
                raise ValueError(f"a leaf of {node['leaf_count']} rows")
            return
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise ValueError(f"a split {node['decision_type']}, {node['missing_type']}")
        self.feature[t, k] = node["split_feature"]
        self.threshold[t, k] = _floor_float32(node["threshold"])
        if not np.isfinite(self.threshold[t, k]):
            raise ValueError(f"a threshold of {node['threshold']}")
        self._place(t, 2 * k, node["left_child"])
        self._place(t, 2 * k + 1, node["right_child"])
        self.cover[t, k] = self.cover[t, 2 * k] + self.cover[t, 2 * k + 1]

    def is_leaf(self, t: int, k: int) -> bool:
        """Of node k of tree t; it may lie above the last level."""
        return k >= 1 << self.depth or bool(np.isinf(self.threshold[t, k]))

    def leaf_value(self, t: int, k: int) -> float:
        return float(self.value[t, (k << (self.depth + 1 - k.bit_length())) - (1 << self.depth)])

    def asked(self) -> NDArray[np.intp]:
        """Numbers of the features that some node asks for, rising."""
        return np.unique(self.feature[np.isfinite(self.threshold)])

    def renumbered(self, numbers: NDArray[np.intp]) -> "Forest":
        """The same trees, where feature k is called numbers[k]. IndexError for one without."""
        asking = np.isfinite(self.threshold)
        feature = np.zeros_like(self.feature)
        feature[asking] = numbers[self.feature[asking]]
        return replace(self, feature=feature)

    def raw_scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-odds float64[n] of float32[n, k] before calibration: LightGBM's, bit for bit."""
        out = np.zeros(len(features))
        features = np.require(features, np.float32, REQUIRED)
        add_scores(features, self.depth, self.feature, self.threshold, self.value, out)
        return out

    def to_json(self) -> list[list[Any]]:
        """A tree is [feature, threshold, left, right] or a leaf [value, cover], nested."""
        return [self._node_to_json(t, 1) for t in range(len(self.feature))]

    def _node_to_json(self, t: int, k: int) -> list[Any]:
        if self.is_leaf(t, k):
            return [self.leaf_value(t, k), int(self.cover[t, k])]
        # The shortest decimal that is this float32 again.
        threshold = float(str(self.threshold[t, k]))
        left, right = self._node_to_json(t, 2 * k), self._node_to_json(t, 2 * k + 1)
        return [int(self.feature[t, k]), threshold, left, right]

    @classmethod
    def of_json(cls, trees: Sequence[Sequence[Any]]) -> Self:
        """What `to_json` gave."""
        return cls.of_lightgbm({"tree_info": [{"tree_structure": _as_dump(t)} for t in trees]})


def _as_dump(node: Sequence[Any]) -> dict[str, Any]:
    if len(node) == 2:
        return {"leaf_value": float(node[0]), "leaf_count": int(node[1])}
    feature, threshold, left, right = node
    return {
        "decision_type": "<=", "missing_type": "None", "split_feature": int(feature),
        "threshold": float(np.float32(threshold)),
        "left_child": _as_dump(left), "right_child": _as_dump(right),
    }  # fmt: skip


def _depth_of(node: Mapping[str, Any]) -> int:
    if "leaf_value" in node:
        return 0
    return 1 + max(_depth_of(node["left_child"]), _depth_of(node["right_child"]))


def _floor_float32(value: float) -> np.float32:
    """The largest float32 that is not above value."""
    rounded = np.float32(value)
    return rounded if float(rounded) <= value else np.nextafter(rounded, np.float32(-np.inf))


_ONE = np.uintp(1)  # unsigned: Numba would ask of every signed index whether it counts from the end


@compiled(
    types.void(
        types.float32[:, ::1], types.int64, types.uint8[:, ::1], types.float32[:, ::1],
        types.float64[:, ::1], types.float64[::1],
    )
)  # fmt: skip
def add_scores(
    features: Any, depth: int, feature: Any, threshold: Any, value: Any, out: Any
) -> None:
    """Adds each tree's leaf to `out`, tree after tree, as LightGBM does."""
    n = features.shape[0]
    leaves = _ONE << np.uintp(depth)
    for start in range(0, n, _ROWS_AT_ONCE):
        end = min(start + _ROWS_AT_ONCE, n)
        for t in range(feature.shape[0]):
            for i in range(start, end):
                k = _ONE
                for _ in range(depth):
                    k = k << _ONE | np.uintp(features[i, feature[t, k]] > threshold[t, k])
                out[i] += value[t, k - leaves]
