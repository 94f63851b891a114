# SPDX-License-Identifier: Apache-2.0
"""An average brain to compare a person's with."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.core.errors import FrameError
from trephine.core.frames import MNI152
from trephine.model.surface import Surface
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
    white_surface
        White surfaces of both hemispheres of an average brain, ventricles and deep grey matter filled.
    """

    t1: Volume
    grey: Volume
    white: Volume
    white_surface: Surface

    def __post_init__(self) -> None:
        frames = {name: getattr(self, name).grid.frame for name in ("t1", "grey", "white")}
        for name, frame in {**frames, "white_surface": self.white_surface.frame}.items():
            if frame != MNI152:
                raise FrameError.because(
                    where=f"template, {name}",
                    found=f"positions in {frame!r}",
                    expected=f"positions in {MNI152!r}",
                    remedy="Read the template's images in the template's frame.",
                )
