# SPDX-License-Identifier: Apache-2.0
"""Angiography, and where the grids of angiography and CT lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.frames import ANGIO, CT, MNI152, Frame
from trephine.core.random import generator
from trephine.model.volume import Grid
from trephine.phantom.mri import resample
from trephine.phantom.person import Person
from trephine.phantom.raster import blood_share
from trephine.phantom.tissues import Head
from trephine.phantom.vessels import VesselTree

_SMALLEST_SHOWN_UM = 90.0
_BLOOD_SIGNAL = 1100.0
_TISSUE_SIGNAL = 260.0
_NOISE = 16.0

# Voxel edges at the usual resolution, extent and the template point in the middle, mm.
_LAYOUT: dict[
    Frame, tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
] = {
    ANGIO: ((0.6, 0.6, 0.65), (180.0, 216.0, 84.0), (0.0, -18.0, 52.0)),
    CT: ((0.95, 0.95, 1.2), (204.0, 238.0, 186.0), (0.0, -14.0, 18.0)),
}


def scan_grid(person: Person, frame: Frame, scale_fraction: float) -> Grid:
    """Return the grid of CT or angiography as its header states it, upright in its own frame.

    Parameters
    ----------
    person
        Who; the header error decides where the slab truly lies.
    frame
        ``ct`` or ``angio``.
    scale_fraction
        Voxel size against the usual.

    Returns
    -------
    Grid
        In ``frame``; ``grid.moved(person.scanner_from[frame])`` is where it truly lies.
    """
    voxel, extent, middle = _LAYOUT[frame]
    step = np.array(voxel) * scale_fraction
    shape = np.round(np.array(extent) / step).astype(int)
    scanner = person.scanner_from_mni(np.array([middle]), frame=MNI152)
    centre = person.scanner_from[frame].inverse()(scanner, frame=person.scanner_from[frame].target)[0]
    affine = np.diag([*step, 1.0])
    affine[:3, 3] = centre - step * (shape - 1) / 2
    return Grid(shape=(int(shape[0]), int(shape[1]), int(shape[2])), affine_mm=affine, frame=frame)


def scan_angiography(
    person: Person, head: Head, t1_signal: NDArray[np.float32], tree: VesselTree, grid: Grid
) -> NDArray[np.int16]:
    """Scan time-of-flight-like angiography: dim still tissue, bright vessels.

    Parameters
    ----------
    person, head
        Who, and the sampled head.
    t1_signal
        Noise-free T1 signal on the T1's grid, for the tissue.
    tree
        Vessels in ``scanner``.
    grid
        Where the slab truly lies, in ``scanner``.

    Returns
    -------
    numpy.ndarray
        Shape ``grid.shape``, int16, arbitrary units.

    Notes
    -----
    Arteries and veins are equally bright, as after contrast; real time-of-flight images show veins poorly.
    """
    tissue = resample(np.sqrt(np.clip(t1_signal, 0, 0.9)), head.grid, grid, 0.0)
    blood = blood_share(tree, grid, _SMALLEST_SHOWN_UM)
    image = np.float32(_TISSUE_SIGNAL) * tissue * (1 - blood) + np.float32(_BLOOD_SIGNAL) * blood
    image = ndimage.gaussian_filter(image, 0.45, truncate=3.0)
    rng = generator(person.seed, "phantom.angio")
    # Signal wanes slowly with depth into the slab, where blood has been pulsed more often.
    image *= np.linspace(0.85, 1.05, grid.shape[2], dtype=np.float32)
    image += np.float32(_NOISE) * rng.standard_normal(grid.shape, dtype=np.float32)
    other = np.float32(_NOISE) * rng.standard_normal(grid.shape, dtype=np.float32)
    return np.round(np.hypot(image, other)).astype(np.int16)
