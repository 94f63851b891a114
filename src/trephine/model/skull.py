# SPDX-License-Identifier: Apache-2.0
"""How thick the skull is, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, locked
from trephine.core.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class SkullThickness:
    """Thickness of the skull at every corner of its outer surface; never without its interval.

    Parameters
    ----------
    thickness_mm
        Shortest way from the outer to the inner face, shape (corner,).
    low_mm, high_mm
        It is likely (95 % is meant) to lie between these, same shape.
    is_measured
        Whether a CT shows the bone. Otherwise ``thickness_mm`` is only the middle of what the T1 allows:
        judge by the interval alone.
    """

    thickness_mm: AnyArray
    low_mm: AnyArray
    high_mm: AnyArray
    is_measured: bool

    def __post_init__(self) -> None:
        count = (len(self.thickness_mm),)
        for name in ("thickness_mm", "low_mm", "high_mm"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float32, count, name))
        wrong = (self.low_mm > self.thickness_mm) | (self.thickness_mm > self.high_mm)
        if np.any(wrong):
            raise InputError.because(
                where=f"skull thickness, corner {int(np.argmax(wrong))}",
                found="a thickness outside its own interval",
                expected="low <= thickness <= high",
                remedy="Correct the interval.",
            )

    @classmethod
    def everywhere(
        cls, corners: int, thickness_mm: float, error_mm: float, *, is_measured: bool
    ) -> SkullThickness:
        """Return one thickness, give or take an error, at so many corners."""
        one = np.ones(corners)
        return cls(
            thickness_mm=thickness_mm * one,
            low_mm=max(thickness_mm - error_mm, 0.0) * one,
            high_mm=(thickness_mm + error_mm) * one,
            is_measured=is_measured,
        )


@dataclass(frozen=True, kw_only=True)
class SkullSuspect:
    """A place of the vault whose bone is not as it should be.

    Parameters
    ----------
    centre_mm
        Its middle on the outer skull, in ``scanner``, RAS+.
    place
        Side and nearest bone, in words.
    area_mm2
        Its area on the outer skull.
    difference_mm
        How much thicker (or, if negative, thinner) it is than the mirrored place.
    thickness_mm
        Its own mean thickness.
    table_difference_fraction
        How much brighter its outer table is than the mirrored one in the T1, as a share of white matter's
        signal above bone's; 0 with a CT.
    """

    centre_mm: tuple[float, float, float]
    place: str
    area_mm2: float
    difference_mm: float
    thickness_mm: float
    table_difference_fraction: float = 0.0
