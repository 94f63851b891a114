# SPDX-License-Identifier: Apache-2.0
"""Grids of boxes whose widths along each axis may vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, locked
from trephine.core.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class BoxGrid:
    """Cells between planes along three axes.

    Parameters
    ----------
    edges_mm
        For each axis the planes between cells, rising, at least two.
    """

    edges_mm: tuple[AnyArray, AnyArray, AnyArray]

    def __post_init__(self) -> None:
        for axis, edges in enumerate(self.edges_mm):
            copy = locked(edges, np.float64, (None,), f"edges_mm[{axis}]")
            if len(copy) < 2 or not np.isfinite(copy).all() or (np.diff(copy) <= 0).any():
                raise InputError.because(
                    where=f"edges_mm[{axis}]",
                    found=f"{len(copy)} planes, steps {np.diff(copy)[:3]}",
                    expected="at least two finite, rising planes",
                    remedy="Give the planes between cells in order.",
                )
        object.__setattr__(
            self, "edges_mm", tuple(locked(e, np.float64, (None,), "edges_mm") for e in self.edges_mm)
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along each axis."""
        i, j, k = (len(edges) - 1 for edges in self.edges_mm)
        return i, j, k

    @property
    def widths_mm(self) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Widths of the cells along each axis."""
        i, j, k = (np.diff(edges) for edges in self.edges_mm)
        return i, j, k

    @property
    def centres_mm(self) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Middles of the cells along each axis."""
        i, j, k = ((edges[1:] + edges[:-1]) / 2 for edges in self.edges_mm)
        return i, j, k

    def volume_mm3(self) -> AnyArray:
        """Return every cell's volume, shape of the cells."""
        i, j, k = self.widths_mm
        return i[:, None, None] * j[None, :, None] * k[None, None, :]

    def area_mm2(self, axis: int) -> AnyArray:
        """Return the area of the cells' faces across one axis, of length 1 along it."""
        i, j, k = (np.ones(1) if each == axis else w for each, w in enumerate(self.widths_mm))
        return i[:, None, None] * j[None, :, None] * k[None, None, :]


def graded_edges_mm(
    low_mm: float,
    high_mm: float,
    *,
    fine: tuple[float, float],
    fine_mm: float,
    coarse_mm: float,
    growth_share: float = 1.2,
) -> AnyArray:
    """Return planes that are close where it matters and grow apart outward.

    Parameters
    ----------
    low_mm, high_mm
        The ends.
    fine
        The stretch of even cells, mm, within the ends.
    fine_mm
        Width wished for there; it is made to fit.
    coarse_mm
        Largest width.
    growth_share
        Each width over the one before, going outward, above 1.

    Returns
    -------
    numpy.ndarray
        Rising planes; the ends and both ends of ``fine`` are among them.
    """
    first, last = fine
    if not (low_mm <= first < last <= high_mm and 0 < fine_mm <= coarse_mm and growth_share > 1):
        raise InputError.because(
            where="graded_edges_mm",
            found=f"ends {low_mm} and {high_mm}, fine stretch {fine}, widths {fine_mm} and {coarse_mm}, "
            f"growth {growth_share}",
            expected="low <= fine[0] < fine[1] <= high, 0 < fine_mm <= coarse_mm and growth > 1",
            remedy="Correct the order.",
        )
    even = np.linspace(first, last, max(1, round((last - first) / fine_mm)) + 1)
    width_mm = even[1] - even[0]
    up = last + _growing(high_mm - last, width_mm, coarse_mm, growth_share)
    down = first - _growing(first - low_mm, width_mm, coarse_mm, growth_share)[::-1]
    return np.concatenate([down, even, up])


def _growing(length_mm: float, width_mm: float, coarse_mm: float, growth_share: float) -> AnyArray:
    """Return distances of planes that grow apart until ``length_mm`` is filled exactly."""
    widths: list[float] = []
    while sum(widths) < length_mm * (1 - 1e-12):
        width_mm = max(min(width_mm * growth_share, coarse_mm), width_mm)
        widths.append(width_mm)
    at = np.cumsum(widths)
    return at * (length_mm / at[-1]) if len(at) else at
