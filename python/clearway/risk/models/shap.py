"""Exact Shapley values of a forest's scores, in compiled code: each feature's part in a decision.

What is explained is path-dependent TreeSHAP (Lundberg et al., "From local explanations to global
understanding with explainable AI for trees", 2020, algorithm 2): what the forest expects when only
some features are known, counted by the training data on each side of a split. LightGBM's
`pred_contrib` computes the same and takes 10 times as long.

A feature's Shapley value is the integral over t from 0 to 1 of how much the score moves with it
while each other feature is known with probability t (Owen, "Multilinear extensions of games",
1972). For one leaf, the score's part is the product over the path's features of
`z + (o - z) t`: z is the share of training data that goes this way at the feature's splits, o is 1
where the row does. With up to 8 features on a path that is a polynomial of degree 7 in t, and
Gauss-Legendre quadrature in 4 points is exact for it: no subsets are enumerated, all factors are
positive, and the 4 points are one vector register. A walk down multiplies, a walk up adds.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numba import types
from numpy.typing import NDArray

from clearway.risk.compiled import REQUIRED, compiled

if TYPE_CHECKING:
    from clearway.risk.models.forest import Forest

POINTS: Final = 4  # exact up to degree 7: paths of at most 8 features, forest.DEPTH_MAX
_T, _WEIGHT = (a / 2.0 for a in np.polynomial.legendre.leggauss(POINTS))
_T += 0.5  # from [-1, 1] to [0, 1]


@dataclass(frozen=True, slots=True)
class Shap:
    """m nodes of t trees, tree after tree, parents first, the two children of a node side by side.

    first uint32[t + 1]: where each tree begins. child uint32[m]: of the left child within the
    tree, 0 for a leaf. feature, threshold, value: as the forest has them. same uint32[m]: the
    nearest node above that the same feature leads to, 0 for none. factors float64[m, 3, 4]: by
    which the product grows when the feature (1) was and is as the row has it, (0) stops to be so
    here, (2) had stopped before. terms float64[m, 2, 4]: what belongs to the feature, for the
    first two. base: the raw score expected of anybody.
    """

    base: float
    first: NDArray[np.uint32]
    child: NDArray[np.uint32]
    feature: NDArray[np.uint8]
    threshold: NDArray[np.float32]
    value: NDArray[np.float64]
    same: NDArray[np.uint32]
    factors: NDArray[np.float64]
    terms: NDArray[np.float64]

    @classmethod
    def of(cls, forest: "Forest") -> Self:
        """The tables of a forest, about 40 ms for 150 trees."""
        first, nodes, base = [0], list[_Node](), 0.0
        for t in range(len(forest.feature)):
            tree = _nodes_of(forest, t)
            base += sum(node.value * node.cover_share for node in tree)
            nodes += tree
            first.append(len(nodes))
        factors, terms = _tables(
            np.array([node.share_above for node in nodes])[:, None],
            np.array([node.part for node in nodes])[:, None],
            known_above=np.array([node.same > 0 for node in nodes])[:, None],
        )
        return cls(
            base=base,
            first=np.array(first, dtype=np.uint32),
            child=np.array([node.child for node in nodes], dtype=np.uint32),
            feature=np.array([node.feature for node in nodes], dtype=np.uint8),
            threshold=np.array([node.threshold for node in nodes], dtype=np.float32),
            value=np.array([node.value for node in nodes]),
            same=np.array([node.same for node in nodes], dtype=np.uint32),
            factors=factors,
            terms=terms,
        )

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64[n, k] of float32[n, k]: row sums plus `base` are the raw scores, but for the
        rounding of some thousand additions (below 1e-9)."""
        out = np.zeros(features.shape)
        size = int(np.diff(self.first).max())
        features = np.require(features, np.float32, REQUIRED)
        add_shapley(
            features, self.first, self.child, self.feature, self.threshold,
            self.value, self.same, self.factors, self.terms,
            np.empty((size, POINTS)), np.empty(size, np.uint8), out,
        )  # fmt: skip
        return out


@dataclass(slots=True)
class _Node:
    """k: its number in the padded tree. part: of the parent's rows that come here; share_above:
    of all rows, by the feature's splits further up. above: of the features on the path, (node,
    share). cover_share: of all rows, for a leaf."""

    k: int
    above: dict[int, tuple[int, float]]
    same: int = 0
    share_above: float = 1.0
    part: float = 1.0
    child: int = 0
    feature: int = 0
    threshold: float = math.inf
    value: float = 0.0
    cover_share: float = 0.0


def _nodes_of(forest: "Forest", t: int) -> list[_Node]:
    """Breadth first."""
    cover, feature = forest.cover[t].tolist(), forest.feature[t].tolist()
    threshold = [*forest.threshold[t].tolist(), *(math.inf,) * (1 << forest.depth)]
    nodes = [_Node(k=1, above={})]
    for node in nodes:
        if math.isinf(threshold[node.k]):
            node.value = forest.leaf_value(t, node.k)
            node.cover_share = cover[node.k] / cover[1]
            continue
        node.child = len(nodes)
        node.feature, node.threshold = feature[node.k], threshold[node.k]
        same, share = node.above.get(node.feature, (0, 1.0))
        for k in (2 * node.k, 2 * node.k + 1):
            part = cover[k] / cover[node.k]
            above = node.above | {node.feature: (len(nodes), share * part)}
            nodes.append(_Node(k=k, above=above, same=same, share_above=share, part=part))
    return nodes


def _tables(
    share: NDArray[np.float64], part: NDArray[np.float64], *, known_above: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """share float64[m, 1]: of the data, by the feature's splits above (1 without any); part: by
    this one.

    A feature that is asked again counts once, with the product of its shares: the factor of the
    split above is divided out, and its term taken back."""
    z = share * part
    before = share + (1.0 - share) * _T  # 1 where nothing was known above
    known, lost = z + (1.0 - z) * _T, z * (1.0 - _T)
    taken_back = np.where(known_above, (1.0 - share) / before, 0.0)
    factors = np.stack([lost / before, known / before, part + 0.0 * _T], axis=1)
    terms = np.stack([-1.0 / (1.0 - _T) - taken_back, (1.0 - z) / known - taken_back], axis=1)
    return factors, terms * _WEIGHT


_ONE = np.uintp(1)  # unsigned: Numba would ask of every signed index whether it counts from the end


@compiled(
    types.void(
        types.float32[:, ::1], types.uint32[::1], types.uint32[::1], types.uint8[::1],
        types.float32[::1], types.float64[::1], types.uint32[::1], types.float64[:, :, ::1],
        types.float64[:, :, ::1], types.float64[:, ::1], types.uint8[::1], types.float64[:, ::1],
    )
)  # fmt: skip
def add_shapley(
    features: Any, first: Any, child: Any, feature: Any, threshold: Any, value: Any, same: Any,
    factors: Any, terms: Any, product: Any, how: Any, out: Any,
) -> None:  # fmt: skip
    """Adds each feature's Shapley value of each row to `out`. product, how: room for one tree's
    nodes; how: 1 as the row has it, 0 not so for the first time, 2 not so since a split above."""
    how[0] = 1  # the root: a node without the feature above it points here
    for i in range(features.shape[0]):
        for t in range(first.shape[0] - 1):
            begin, size = np.uintp(first[t]), np.uintp(first[t + 1] - first[t])
            for q in range(POINTS):
                product[0, q] = 1.0
            for node in range(size):
                at = begin + np.uintp(node)
                left = np.uintp(child[at])
                if left == 0:
                    for q in range(POINTS):
                        product[node, q] *= value[at]
                    continue
                went = left + np.uintp(features[i, feature[at]] > threshold[at])
                for to in (left, left + _ONE):
                    state = np.uintp(2)
                    if how[same[begin + to]] == 1:
                        state = np.uintp(to == went)
                    how[to] = state
                    for q in range(POINTS):
                        product[to, q] = product[node, q] * factors[begin + to, state, q]
            for node in range(size):
                back = size - _ONE - np.uintp(node)
                left = np.uintp(child[begin + back])
                if left == 0:
                    continue
                moved = 0.0
                for q in range(POINTS):
                    product[back, q] = product[left, q] + product[left + _ONE, q]
                for to in (left, left + _ONE):
                    state = np.uintp(how[to])
                    if state < 2:
                        for q in range(POINTS):
                            moved += terms[begin + to, state, q] * product[to, q]
                out[i, feature[begin + back]] += moved
