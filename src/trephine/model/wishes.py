# SPDX-License-Identifier: Apache-2.0
"""What a surgeon asks of a plan beyond its limits: zones without threads, and threads that stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray, locked
from trephine.core.frames import Affine
from trephine.model.thread_plan import Thread

Rule = Literal["keep out", "stay within"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Zone:
    """A lasso on the cortex.

    Parameters
    ----------
    name
        The surgeon's word for it.
    rule
        ``keep out`` forbids its inside, ``stay within`` everything but its inside.
    outline_mm
        Corners in order in the frame ``place`` starts from, shape (corner, 3); the last is joined to the
        first.
    place
        From the frame it was drawn in to ``scanner``; absent when it was drawn on the picture, whose place
        is found while planning.
    """

    name: str
    rule: Rule
    outline_mm: AnyArray
    place: Affine | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline_mm", locked(self.outline_mm, np.float64, (None, 3), "outline_mm"))


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """Everything asked of one plan.

    Parameters
    ----------
    zones
        Where threads may not go.
    locked
        Threads of the earlier plan that stay at their place.
    """

    zones: tuple[Zone, ...] = ()
    locked: tuple[Thread, ...] = ()


NO_WISHES = Wishes()
