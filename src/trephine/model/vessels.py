# SPDX-License-Identifier: Apache-2.0
"""Vessels as lines with a width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trephine.core.arrays import AnyArray, Points, locked
from trephine.core.errors import InputError
from trephine.core.frames import SCANNER, Frame
from trephine.model.scan import ScanKind
from trephine.model.volume import Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class VesselTree:
    """Centre lines of vessels, branch by branch; loops are allowed.

    Parameters
    ----------
    points_mm
        Points of all branches, those of one branch in a row from its first to its last node,
        shape (point, 3).
    radius_mm
        Of the vessel at each point, above zero, shape (point,).
    branch
        Index of each point's branch, never falling, shape (point,).
    edges
        First and last node of each branch, shape (branch, 2); branches that share a node meet there.
    scan
        Index of the scan each branch was seen in, shape (branch,).
    loop_count
        Closed loops.
    frame
        Of the points.
    """

    points_mm: Points
    radius_mm: NDArray[np.float64]
    branch: NDArray[np.int64]
    edges: NDArray[np.int64]
    scan: NDArray[np.int64]
    loop_count: int
    frame: Frame = SCANNER

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_mm", locked(self.points_mm, np.float64, (None, 3), "points_mm"))
        count = len(self.points_mm)
        object.__setattr__(self, "radius_mm", locked(self.radius_mm, np.float64, (count,), "radius_mm"))
        object.__setattr__(self, "branch", locked(self.branch, np.int64, (count,), "branch"))
        object.__setattr__(self, "edges", locked(self.edges, np.int64, (None, 2), "edges"))
        object.__setattr__(self, "scan", locked(self.scan, np.int64, (len(self.edges),), "scan"))
        in_order = bool(np.all(np.diff(self.branch) >= 0))
        if not in_order or (count and (self.branch[0] < 0 or self.branch[-1] >= len(self.edges))):
            raise InputError.because(
                where="vessel tree",
                found="points out of the order of their branches, or of a branch without nodes",
                expected=f"branch indices that never fall, from 0 to {len(self.edges) - 1}",
                remedy="Write the points branch by branch.",
            )
        if count and (not np.all(np.isfinite(self.points_mm)) or not np.all(self.radius_mm > 0)):
            raise InputError.because(
                where="vessel tree",
                found="a point that is not finite or a radius that is not above zero",
                expected="finite points and radii",
                remedy="Leave such points out.",
            )

    @property
    def branch_count(self) -> int:
        """Branches between ends and forks."""
        return len(self.edges)

    @property
    def length_mm(self) -> float:
        """Summed length of all branches."""
        if len(self.points_mm) < 2:
            return 0.0
        step_mm = np.linalg.norm(np.diff(self.points_mm, axis=0), axis=1)
        return float(step_mm[np.diff(self.branch) == 0].sum())

    def of_branch(self, index: int) -> tuple[AnyArray, AnyArray]:
        """Return points and radii of one branch."""
        low, high = np.searchsorted(self.branch, [index, index + 1])
        return self.points_mm[low:high], self.radius_mm[low:high]


@dataclass(frozen=True, kw_only=True, eq=False)
class Detectability:
    """What share of vessels a scan shows, by diameter.

    Parameters
    ----------
    diameter_mm
        Ascending, shape (diameter,).
    recall_fraction
        Share of the length of synthetic vessels of that diameter that was found, shape (diameter,).
    """

    diameter_mm: NDArray[np.float64]
    recall_fraction: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "diameter_mm", locked(self.diameter_mm, np.float64, (None,), "diameter_mm"))
        size = len(self.diameter_mm)
        fixed = locked(self.recall_fraction, np.float64, (size,), "recall_fraction")
        object.__setattr__(self, "recall_fraction", fixed)

    def smallest_mm(self, recall_fraction: float) -> float | None:
        """Return the diameter from which on at least this share is found; ``None`` if never.

        Linear between the diameters that were tried.
        """
        short = np.flatnonzero(self.recall_fraction < recall_fraction)
        if not len(short):
            return float(self.diameter_mm[0])
        last = int(short[-1])
        if last == len(self.diameter_mm) - 1:
            return None
        low, high = self.recall_fraction[last], self.recall_fraction[last + 1]
        part = (recall_fraction - low) / (high - low)
        return float(self.diameter_mm[last] + part * (self.diameter_mm[last + 1] - self.diameter_mm[last]))


@dataclass(frozen=True, kw_only=True, eq=False)
class VesselScan:
    """What one scan shows of vessels.

    Parameters
    ----------
    kind
        Which scan.
    probability
        Chance of each voxel to hold a vessel, float32, 0 outside the region looked at.
    detectability
        Share of vessels that it shows, by diameter; absent where it could not be measured.
    smallest_diameter_mm
        At least 95 % of the length of vessels this wide or wider is shown; where ``is_limit_known`` is false,
        the widest diameter tried, or two voxels where none could be tried.
    is_limit_known
        Whether ``smallest_diameter_mm`` was reached in the trial.
    registration_error_mm
        Standard deviation of its registration.
    is_cut
        Whether its background had been set to zero before it came here.
    """

    kind: ScanKind
    probability: Volume
    detectability: Detectability | None
    smallest_diameter_mm: float
    is_limit_known: bool
    registration_error_mm: float
    is_cut: bool


NO_VESSELS = VesselTree(
    points_mm=np.zeros((0, 3)),
    radius_mm=np.zeros(0),
    branch=np.zeros(0, dtype=np.int64),
    edges=np.zeros((0, 2), dtype=np.int64),
    scan=np.zeros(0, dtype=np.int64),
    loop_count=0,
)
"""A tree without branches."""
