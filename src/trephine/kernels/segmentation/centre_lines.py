# SPDX-License-Identifier: Apache-2.0
"""Centre lines of tubes: a thinned mask as a graph of branches, without the stubs that thinning leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from skimage.morphology import skeletonize

from trephine.core.arrays import AnyArray, Mask3, Points

_ROUNDS = 4
_OTHER_ORDERS = ((2, 0, 1), (1, 2, 0))
_STUB_RADII = 1.5
_STUB_VOXELS = 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """Branches between ends and forks.

    Parameters
    ----------
    branches
        Positions of each branch in voxel indices, from its first to its last node, shapes (point, 3).
    first, last
        Index of the node at either end, shape (branch,).
    node_ijk
        Ends and forks, shape (node, 3).
    """

    branches: tuple[Points, ...]
    first: AnyArray
    last: AnyArray
    node_ijk: Points

    @property
    def loop_count(self) -> int:
        """Closed loops: branches more than a tree of as many parts would have."""
        nodes, edges = len(self.node_ijk), len(self.branches)
        if not nodes:
            return 0
        joined = coo_matrix((np.ones(edges), (self.first, self.last)), shape=(nodes, nodes))
        return edges - nodes + int(connected_components(joined, directed=False)[0])


def centre_lines(mask: Mask3, voxel_mm: AnyArray) -> Lines:
    """Thin a mask to lines, cut stubs, and return the branches.

    Parameters
    ----------
    mask
        Tubes, shape (i, j, k).
    voxel_mm
        Edge lengths, shape (3,).

    Returns
    -------
    Lines
        Loops are kept. Empty for an empty mask.

    Notes
    -----
    Thinning by Lee et al.; a branch with a free end that is shorter than 1.5 radii of the tube it leaves,
    plus two voxels, is a stub of the thinning and no vessel. A part with nothing but stubs keeps its longest.

    References
    ----------
    lee1994
    """
    if not mask.any():
        return Lines(branches=(), first=_none(), last=_none(), node_ijk=np.zeros((0, 3)))
    half_mm = ndimage.distance_transform_edt(mask, sampling=voxel_mm)
    where = np.argwhere(_thinned(mask, half_mm, np.asarray(voxel_mm)))
    if not len(where):
        where = np.argwhere(half_mm == half_mm.max())[:1]
    for _ in range(_ROUNDS):
        lines, member = _graph(where, np.asarray(voxel_mm))
        stub = _stubs(lines, half_mm, np.asarray(voxel_mm))
        if not stub.any():
            break
        kept = ~np.isin(member, np.flatnonzero(stub))
        where = where[kept]
    return _graph(where, np.asarray(voxel_mm))[0]


def _thinned(mask: Mask3, half_mm: AnyArray, voxel_mm: AnyArray) -> Mask3:
    """Thin a mask; what one order of the axes loses is taken from another.

    scikit-image's thinning erases some tubes of even width along one axis altogether (seen in 0.26).
    """
    thin = np.asarray(skeletonize(mask))
    far_mm = half_mm + 2.0 * float(voxel_mm.max())
    ridge = mask & (half_mm >= ndimage.maximum_filter(half_mm, size=3))
    for order in _OTHER_ORDERS:
        away_mm = np.full(mask.shape, np.inf)
        if thin.any():
            away_mm = ndimage.distance_transform_edt(~thin, sampling=voxel_mm)
        if not (ridge & (away_mm > far_mm)).any():
            break
        other = skeletonize(mask.transpose(order)).transpose(np.argsort(order))
        thin |= np.asarray(other) & (away_mm > far_mm)
    return thin


def _none() -> AnyArray:
    return np.zeros(0, dtype=np.int64)


def _graph(where: AnyArray, voxel_mm: AnyArray) -> tuple[Lines, AnyArray]:
    """Return the branches of thinned voxels, and which branch each voxel lies on (-1 at a fork)."""
    pairs = cKDTree(where).query_pairs(1.8, output_type="ndarray")
    degree = np.bincount(pairs.ravel(), minlength=len(where))
    is_fork = degree >= 3
    total = len(where)
    forks = _parts(pairs[is_fork[pairs].all(axis=1)], total)
    fork_names, fork_of = np.unique(forks[is_fork], return_inverse=True)
    fork = np.full(total, -1, dtype=np.int64)
    fork[is_fork] = fork_of
    along = pairs[(~is_fork[pairs]).all(axis=1)]
    names, member_of = np.unique(_parts(along, total)[~is_fork], return_inverse=True)
    member = np.full(total, -1, dtype=np.int64)
    member[~is_fork] = member_of
    node = _means(where, fork, len(fork_names))
    touching = pairs[is_fork[pairs].sum(axis=1) == 1]
    return _traced(where, (member, len(names)), (fork, node), along, touching), member


def _parts(pairs: AnyArray, total: int) -> AnyArray:
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(total, total))
    return connected_components(joined, directed=False)[1]


def _means(where: AnyArray, group: AnyArray, count: int) -> AnyArray:
    """Return the mean position of every group, shape (count, 3)."""
    inside = group >= 0
    size = np.maximum(np.bincount(group[inside], minlength=count), 1)
    sums = [np.bincount(group[inside], weights=where[inside, axis], minlength=count) for axis in range(3)]
    return np.stack(sums, axis=1) / size[:, None]


def _traced(
    where: AnyArray,
    members: tuple[AnyArray, int],
    forks: tuple[AnyArray, AnyArray],
    along: AnyArray,
    touching: AnyArray,
) -> Lines:
    """Order the voxels of every branch from one node to the other."""
    member, count = members
    fork, fork_ijk = forks
    next_to, forks_at = _neighbours(along, len(where)), _forks_beside(touching, fork)
    order = np.argsort(member, kind="stable")
    order = order[np.searchsorted(member[order], 0) :]
    groups = np.split(order, np.searchsorted(member[order], np.arange(1, count))) if count else []
    ends: list[AnyArray] = []
    branches, first, last = [], [], []
    for group in groups:
        path = _walk(group, next_to)
        points = where[path].astype(np.float64)
        names: list[int] = []
        head, tail = _nodes_of(path, forks_at)
        is_ring = head is None and tail is None and len(path) > 3 and path[-1] in next_to[path[0]]
        for node, place in ((head, points[0]), (tail, points[-1])):
            if node is None and not (is_ring and names):
                ends.append(place)
            names.append(len(fork_ijk) + len(ends) - 1 if node is None else node)
        before = [] if head is None else [fork_ijk[head][None]]
        after = [points[:1]] if is_ring else [] if tail is None else [fork_ijk[tail][None]]
        branches.append(np.concatenate([*before, points, *after]))
        first.append(names[0])
        last.append(names[1])
    node_ijk = np.concatenate([fork_ijk, np.reshape(ends, (-1, 3))])
    return Lines(
        branches=tuple(branches),
        first=np.array(first, dtype=np.int64),
        last=np.array(last, dtype=np.int64),
        node_ijk=node_ijk,
    )


def _neighbours(along: AnyArray, total: int) -> list[list[int]]:
    """Return the voxels beside each voxel that is no fork."""
    next_to: list[list[int]] = [[] for _ in range(total)]
    for a, b in along.tolist():
        next_to[a].append(b)
        next_to[b].append(a)
    return next_to


def _forks_beside(touching: AnyArray, fork: AnyArray) -> dict[int, list[int]]:
    """Return the forks that each voxel touches, none twice."""
    forks_at: dict[int, list[int]] = {}
    for a, b in touching.tolist():
        voxel, other = (b, int(fork[a])) if fork[a] >= 0 else (a, int(fork[b]))
        near = forks_at.setdefault(voxel, [])
        if other not in near:
            near.append(other)
    return forks_at


def _walk(group: AnyArray, next_to: list[list[int]]) -> list[int]:
    """Follow one branch's voxels from an end; a closed ring starts anywhere."""
    start = next((int(v) for v in group if len(next_to[v]) < 2), int(group[0]))
    path, seen = [start], {start}
    while True:
        onward = [v for v in next_to[path[-1]] if v not in seen]
        if not onward:
            return path
        path.append(onward[0])
        seen.add(onward[0])


def _nodes_of(path: list[int], forks_at: dict[int, list[int]]) -> tuple[int | None, int | None]:
    """Return the forks that a branch starts and ends at; ``None`` at a free end."""
    head, tail = list(forks_at.get(path[0], [])), list(forks_at.get(path[-1], []))
    if len(path) == 1:
        return (head[0] if head else None), (head[1] if len(head) > 1 else None)
    return (head[0] if head else None), (tail[0] if tail else None)


def _stubs(lines: Lines, half_mm: AnyArray, voxel_mm: AnyArray) -> AnyArray:
    """Tell which branches are stubs, shape (branch,)."""
    if not len(lines.branches):
        return np.zeros(0, dtype=bool)
    meets = np.bincount(np.concatenate([lines.first, lines.last]), minlength=len(lines.node_ijk))
    edge_mm = float(np.prod(voxel_mm)) ** (1.0 / 3.0)
    stub = np.zeros(len(lines.branches), dtype=bool)
    for index, points in enumerate(lines.branches):
        free = [meets[node] == 1 for node in (lines.first[index], lines.last[index])]
        if sum(free) != 1:
            continue
        root = points[0] if free[1] else points[-1]
        radius_mm = _largest_near(half_mm, root)
        stub[index] = length_mm(points, voxel_mm) < _STUB_RADII * radius_mm + _STUB_VOXELS * edge_mm
    nodes = len(lines.node_ijk)
    joined = coo_matrix((np.ones(len(stub)), (lines.first, lines.last)), shape=(nodes, nodes))
    part = connected_components(joined, directed=False)[1][lines.first]
    spared = set(part[~stub].tolist())
    lengths = np.array([length_mm(points, voxel_mm) for points in lines.branches])
    for index in np.argsort(-lengths, kind="stable"):
        if stub[index] and part[index] not in spared:
            stub[index] = False
            spared.add(int(part[index]))
    return stub


def _largest_near(half_mm: AnyArray, point: AnyArray) -> float:
    low = np.maximum(np.rint(point).astype(int) - 1, 0)
    box = tuple(slice(int(n), int(n) + 3) for n in low)
    return float(half_mm[box].max())


def length_mm(points: Points, voxel_mm: AnyArray) -> float:
    """Return the length of a line given in voxel indices."""
    return float(np.linalg.norm(np.diff(points, axis=0) * voxel_mm, axis=1).sum())
