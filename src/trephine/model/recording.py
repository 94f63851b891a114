# SPDX-License-Identifier: Apache-2.0
"""Spike counts in bins, with the movement made meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, locked
from trephine.core.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """One stretch without gaps.

    Parameters
    ----------
    name
        Of the file, without its ending.
    sha256
        Of the file.
    counts
        Spikes of all units of a channel, shape (bin, channel), uint16.
    channels
        Number of each channel, as the file gives it.
    bin_s
        Length of a bin.
    position, velocity
        Of the hand or cursor, shape (bin, axis), in ``length_unit`` and that a second; absent where the file
        has none.
    length_unit
        ``mm``, or ``not stated`` where the source does not say.
    """

    name: str
    sha256: str
    counts: AnyArray
    channels: tuple[int, ...]
    bin_s: float
    position: AnyArray | None
    velocity: AnyArray | None
    length_unit: str

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "counts", locked(self.counts, np.uint16, (None, len(self.channels)), "counts")
        )
        for name in ("position", "velocity"):
            values = getattr(self, name)
            if values is not None:
                shape = (len(self.counts), 2)
                object.__setattr__(self, name, locked(values, np.float64, shape, name))

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return len(self.counts) * self.bin_s

    def needed_velocity(self) -> AnyArray:
        """Return the velocity of a recording that cannot do without.

        Raises
        ------
        InputError
            If there is none.
        """
        return self._needed("velocity")

    def needed_position(self) -> AnyArray:
        """Return the position of a recording that cannot do without.

        Raises
        ------
        InputError
            If there is none.
        """
        return self._needed("position")

    def _needed(self, name: str) -> AnyArray:
        values: AnyArray | None = getattr(self, name)
        if values is None:
            raise InputError.because(
                where=self.name,
                found=f"no {name}",
                expected="the movement that was made, for training",
                remedy=f"Give a recording with {name}.",
            )
        return values
