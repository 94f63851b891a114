# SPDX-License-Identifier: Apache-2.0
"""An average brain to compare a person's with."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.core.errors import FrameError
from trephine.core.frames import MNI152
from trephine.model.volume import Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class Template:
    """A template's images, all on grids in ``mni152``.

    Parameters
    ----------
    t1
        T1-weighted average, brain only, arbitrary units.
    grey, white
        Probability of grey and white matter, 0 to 1, float32.
    """

    t1: Volume
    grey: Volume
    white: Volume

    def __post_init__(self) -> None:
        for name in ("t1", "grey", "white"):
            frame = getattr(self, name).grid.frame
            if frame != MNI152:
                raise FrameError.because(
                    where=f"template, {name}",
                    found=f"a grid in {frame!r}",
                    expected=f"a grid in {MNI152!r}",
                    remedy="Read the template's images in the template's frame.",
                )
