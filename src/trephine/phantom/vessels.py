# SPDX-License-Identifier: Apache-2.0
"""Trees of pial arteries and veins over one person's brain, from trunks down to arterioles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from trephine.core.arrays import Points
from trephine.core.frames import MNI152
from trephine.core.random import generator
from trephine.phantom.hull import Hull
from trephine.phantom.person import Person

ARTERY, VEIN, SINUS = 0, 1, 2
KIND_NAMES = ("artery", "vein", "sinus")
_TARGETS_PER_SIDE = {ARTERY: 300, VEIN: 250}
_LEAF_UM = {ARTERY: 140.0, VEIN: 160.0}
_STEP_MM = 0.6
_SMOOTHING_STEPS = 6
_LOWEST_MM = 2.0
_BALANCE = 0.2
_NEIGHBOURS = 48  # each target looks for a wire among these and the roots


@dataclass(frozen=True, kw_only=True, eq=False)
class VesselTree:
    """Centre lines of vessels; a node's segment runs to its parent.

    Parameters
    ----------
    position_mm
        Nodes in ``scanner``, shape (node, 3).
    parent
        Index of each node's parent, -1 at a root, shape (node,).
    radius_um
        Outer radius of the segment to the parent, wall included, shape (node,).
    kind
        ``ARTERY``, ``VEIN`` or ``SINUS``, shape (node,).
    """

    position_mm: Points
    parent: NDArray[np.int64]
    radius_um: NDArray[np.float64]
    kind: NDArray[np.int64]


def grow(
    roots: NDArray[np.float64],
    targets: NDArray[np.float64],
    ease: NDArray[np.float64],
    balance_fraction: float,
) -> NDArray[np.int64]:
    """Join targets to roots by short wires that keep paths to the root short.

    Parameters
    ----------
    roots, targets
        Positions, shapes (root, d) and (target, d).
    ease
        Factor on the length of a wire that ends in each target, shape (target,): below 1 draws vessels there.
    balance_fraction
        0 gives the shortest tree, larger values straighter paths to the root.

    Returns
    -------
    numpy.ndarray
        Parent of every node, shape (root + target,), roots first; -1 at a root.

    Notes
    -----
    Greedy minimum spanning tree with a path-length term (Cuntz et al. 2010), wires join only near neighbours.

    References
    ----------
    cuntz2010
    """
    count = len(roots)
    parent = np.full(count + len(targets), -1, dtype=np.int64)
    path = np.zeros(len(targets))
    wires = cdist(targets, roots)
    source = np.argmin(wires, axis=1)
    best = np.min(wires, axis=1) * ease
    length = np.min(wires, axis=1)
    near_mm, near = cKDTree(targets).query(targets, k=min(_NEIGHBOURS, len(targets)))
    is_open = np.ones(len(targets), dtype=bool)
    for _ in range(len(targets)):
        chosen = int(np.argmin(best))
        is_open[chosen] = False
        best[chosen] = np.inf
        parent[count + chosen] = source[chosen]
        path[chosen] = length[chosen] + (path[source[chosen] - count] if source[chosen] >= count else 0)
        others, reach = near[chosen], near_mm[chosen]
        wire = reach * ease[others] + balance_fraction * path[chosen]
        better = is_open[others] & (wire < best[others])
        best[others[better]] = wire[better]
        length[others[better]] = reach[better]
        source[others[better]] = count + chosen
    return parent


def murray_radius_um(
    parent: NDArray[np.int64], leaf_um: NDArray[np.float64], largest_um: float
) -> NDArray[np.float64]:
    """Give each segment the radius whose cube is the sum of its branches' cubes (Murray's law).

    Parameters
    ----------
    parent
        Parent of every node, shape (node,).
    leaf_um
        Radius at a tip, by node, shape (node,).
    largest_um
        No segment is wider.

    Returns
    -------
    numpy.ndarray
        Radius of the segment from each node to its parent, shape (node,).
    """
    has_child = np.zeros(len(parent), dtype=bool)
    has_child[parent[parent >= 0]] = True
    cube = np.where(has_child, 0.0, leaf_um**3)
    for node in _tips_first(parent):
        if parent[node] >= 0:
            cube[parent[node]] += cube[node]
    return np.minimum(np.cbrt(np.maximum(cube, 1.0)), largest_um)


def _tips_first(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order nodes so that children come before their parents."""
    depth = np.zeros(len(parent), dtype=np.int64)
    link = parent.copy()
    while np.any(link >= 0):
        depth[link >= 0] += 1
        link = np.where(link >= 0, parent[link], -1)
    return np.argsort(-depth, kind="stable")


def curved(
    points: NDArray[np.float64],
    parent: NDArray[np.int64],
    step_mm: float,
    wiggle_fraction: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Replace straight wires by curves that leave a branch point in the direction of flow.

    Parameters
    ----------
    points, parent
        Nodes, shape (node, d), and their parents.
    step_mm
        Length of the new segments.
    wiggle_fraction
        Size of random side steps against a wire's length.
    rng
        Source of the side steps.

    Returns
    -------
    tuple
        New points (the old ones first), their parents, and which old node each point's segment belongs to.
    """
    extra: list[NDArray[np.float64]] = []
    extra_parent: list[int] = []
    owner: list[int] = []
    new_parent = parent.copy()
    arrival = np.zeros_like(points)
    has_parent = parent >= 0
    arrival[has_parent] = points[has_parent] - points[parent[has_parent]]
    total = len(points)
    for node in np.flatnonzero(has_parent):
        start, end = points[parent[node]], points[node]
        length = float(np.linalg.norm(end - start))
        pieces = max(1, int(np.ceil(length / step_mm)))
        if pieces == 1:
            continue
        lead = arrival[parent[node]]
        size = float(np.linalg.norm(lead))
        leave = end - start if size == 0 else 0.7 * lead / size * length + 0.3 * (end - start)
        t = np.arange(1, pieces)[:, None] / pieces
        side = wiggle_fraction * length * rng.standard_normal((2, points.shape[1]))
        bend = np.sin(np.pi * t) ** 2 * side[0] + np.sin(2 * np.pi * t) * np.sin(np.pi * t) * side[1]
        curve = _hermite(start, end, leave, end - start, t) + bend
        first = total + len(extra)
        extra.extend(curve)
        extra_parent.extend([int(parent[node]), *range(first, first + pieces - 2)])
        owner.extend([int(node)] * (pieces - 1))
        new_parent[node] = first + pieces - 2
    all_points = np.concatenate([points, np.array(extra).reshape(-1, points.shape[1])])
    all_parents = np.concatenate([new_parent, np.array(extra_parent, dtype=np.int64)])
    owners = np.concatenate([np.arange(total), np.array(owner, dtype=np.int64)])
    return all_points, all_parents, owners


def smoothed(
    points: NDArray[np.float64], parent: NDArray[np.int64], radius_um: NDArray[np.float64], steps: int
) -> NDArray[np.float64]:
    """Round the corners of vessels: move nodes towards the middle of their parent and widest child.

    Parameters
    ----------
    points, parent, radius_um
        Nodes, shape (node, d), their parents and segment radii.
    steps
        How often.

    Returns
    -------
    numpy.ndarray
        Moved nodes; roots and tips stay.
    """
    child = np.full(len(parent), -1, dtype=np.int64)
    order = np.argsort(radius_um, kind="stable")
    order = order[parent[order] >= 0]
    child[parent[order]] = order  # the widest child is written last
    middle = (parent >= 0) & (child >= 0)
    moved = points.copy()
    for _ in range(steps):
        target = 0.5 * (moved[parent[middle]] + moved[child[middle]])
        moved[middle] += 0.5 * (target - moved[middle])
    return moved


def tapered_um(
    radius_um: NDArray[np.float64], parent: NDArray[np.int64], count: int, owner: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Let each wire's radius run smoothly into that of its widest branch, and thin out at tips.

    Parameters
    ----------
    radius_um
        Radius of each wire, shape (wire,).
    parent
        Parents of the finer nodes after ``curved``, shape (node,).
    count
        Number of wires, whose end nodes come first.
    owner
        Wire of each finer node, shape (node,).

    Returns
    -------
    numpy.ndarray
        Radius of the segment from each finer node to its parent, shape (node,).
    """
    pieces = np.bincount(owner, minlength=count)
    rank = np.zeros(len(parent))
    rank[count:] = np.arange(len(parent) - count) - np.repeat(
        np.cumsum(pieces - 1) - (pieces - 1), pieces - 1
    )
    rank[:count] = pieces - 1
    start = np.where(rank == 0, parent, -1)  # each wire's first segment starts at its branch point
    first = np.flatnonzero((start >= 0) & (start < count))
    after = 0.4 * radius_um
    np.maximum.at(after, start[first], radius_um[owner[first]])
    share = (rank + 0.5) / pieces[owner]
    result: NDArray[np.float64] = radius_um[owner] * (1 - share) + np.minimum(after, radius_um)[owner] * share
    return result


def _hermite(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    leave: NDArray[np.float64],
    arrive: NDArray[np.float64],
    t: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Evaluate the cubic curve with given ends and end directions at ``t``, shape (t, d)."""
    return (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * leave
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * arrive
    )


def joined(trees: list[VesselTree]) -> VesselTree:
    """Put several trees into one, keeping their links."""
    starts = np.cumsum([0] + [len(tree.parent) for tree in trees[:-1]])
    parents = [
        np.where(tree.parent >= 0, tree.parent + start, -1) for tree, start in zip(trees, starts, strict=True)
    ]
    return VesselTree(
        position_mm=np.concatenate([tree.position_mm for tree in trees]),
        parent=np.concatenate(parents),
        radius_um=np.concatenate([tree.radius_um for tree in trees]),
        kind=np.concatenate([tree.kind for tree in trees]),
    )


def _roots(kind: int, side: int, rng: np.random.Generator) -> Points:
    """Place trunks: at the Sylvian fissure and the midline for arteries, along the sinus for veins."""
    if kind == ARTERY:
        sylvian = np.stack([np.full(5, 66.0), np.linspace(28, -46, 5), np.linspace(2, 14, 5)], axis=1)
        midline = np.stack([np.full(6, 4.0), np.linspace(58, -84, 6), np.full(6, 60.0)], axis=1)
        roots = np.concatenate([sylvian, midline]) + rng.normal(0, 3, (11, 3)) * (0.2, 1, 1)
    else:
        bridging = np.stack([np.full(9, 5.0), np.linspace(62, -96, 9), np.full(9, 60.0)], axis=1)
        labbe = np.array([[66.0, -6.0, 4.0], [64.0, -50.0, 6.0]])
        roots = np.concatenate([bridging, labbe]) + rng.normal(0, 4, (11, 3)) * (0.2, 1, 0.5)
    roots[:, 0] = side * np.maximum(roots[:, 0], 2.5)
    return roots


def grow_large_vessels(person: Person, hull: Hull) -> VesselTree:
    """Grow the vessels an angiogram can show, and the superior sagittal sinus.

    Parameters
    ----------
    person
        Seed and shape.
    hull
        Sheet on which vessels run.

    Returns
    -------
    VesselTree
        In ``scanner``; segments about 0.6 mm long.
    """
    trees = [_sinus(person, hull)]
    for kind in (ARTERY, VEIN):
        rng = generator(person.seed, f"phantom.vessels.{KIND_NAMES[kind]}")
        shell = hull.shell(_LOWEST_MM, rng)
        preference = 0.12 + hull.sulcus_share(shell)
        for side in (-1, 1):
            near = side * shell[:, 0] > 3
            chance = preference[near] / preference[near].sum()
            chosen = rng.choice(int(near.sum()), _TARGETS_PER_SIDE[kind], replace=False, p=chance)
            trees.append(_grow_side(person, hull, kind, side, shell[near][chosen], rng))
    return joined(trees)


def _grow_side(
    person: Person, hull: Hull, kind: int, side: int, targets: Points, rng: np.random.Generator
) -> VesselTree:
    """Grow arteries or veins of one hemisphere."""
    roots = hull.snapped(_roots(kind, side, rng))
    ease = 1.25 - 0.5 * hull.sulcus_share(targets)
    parent = grow(roots, targets, ease, _BALANCE)
    leaf = _LEAF_UM[kind] * rng.uniform(0.8, 1.2, len(parent))
    radius = murray_radius_um(parent, leaf, 900.0)
    points = np.concatenate([roots, targets])
    points, fine_parent, owner = curved(points, parent, _STEP_MM, 0.06, rng)
    radius = tapered_um(radius, fine_parent, len(parent), owner)
    points = smoothed(points, fine_parent, radius, _SMOOTHING_STEPS)
    return VesselTree(
        position_mm=person.scanner_from_mni(hull.snapped(points), frame=MNI152),
        parent=fine_parent,
        radius_um=radius,
        kind=np.full(len(fine_parent), kind, dtype=np.int64),
    )


def _sinus(person: Person, hull: Hull) -> VesselTree:
    """Lay the superior sagittal sinus along the midline, wider towards the back."""
    y = np.arange(66.0, -100.0, -2.0)
    height = 75 - 0.0052 * (y + 18) ** 2
    path = hull.snapped(np.stack([np.zeros_like(y), y, height], axis=1))
    path += hull.normals(path) * 0.3 * abs(hull.level_mm)
    path[:, 0] = 0.6 * np.sin(y / 25)
    return VesselTree(
        position_mm=person.scanner_from_mni(path, frame=MNI152),
        parent=np.arange(-1, len(y) - 1),
        radius_um=np.linspace(900, 2900, len(y)),
        kind=np.full(len(y), SINUS, dtype=np.int64),
    )
