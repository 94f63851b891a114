# SPDX-License-Identifier: Apache-2.0
"""Brain tissue fields in template space, sharpened from the averaged MNI template."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.errors import InternalError

_NAME = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
_CROP = (
    slice(18, 180),
    slice(22, 216),
    slice(0, 164),
)  # the brain with a margin of at least 8 mm where there is one
_SULCUS_GAIN_GREY = 2.8
_SULCUS_GAIN_T1 = 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TemplateBrain:
    """Level-set fields of an average brain with sharpened sulci.

    Parameters
    ----------
    tissue
        Positive inside brain tissue, negative in fluid, shape (i, j, k), about 1 per mm near the wall.
    white
        Positive inside white matter, shape (i, j, k).
    brain_mask
        Template brain with its sulcal fluid, shape (i, j, k).
    mni_from_ijk_mm
        From voxel index to ``mni152`` RAS+, mm, shape (4, 4).
    """

    tissue: NDArray[np.float32]
    white: NDArray[np.float32]
    brain_mask: NDArray[np.bool_]
    mni_from_ijk_mm: NDArray[np.float64]


def _load(kind: str) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Read one template image that the nilearn wheel carries, scaled to 0..1."""
    spec = find_spec("nilearn")  # locates the wheel's data without paying for the import
    if spec is None or spec.origin is None:
        raise InternalError(
            "the nilearn package that carries the template is not installed; install trephine again"
        )
    image = nib.load(Path(spec.origin).parent / "datasets" / "data" / _NAME.format(kind))
    return np.asarray(image.dataobj, dtype=np.float32) / np.float32(255), np.asarray(image.affine)


def _shift(start_ijk: list[int]) -> NDArray[np.float64]:
    """Return the index map of a crop that starts at ``start_ijk``."""
    matrix = np.eye(4)
    matrix[:3, 3] = start_ijk
    return matrix


def largest_curvature(
    image: NDArray[np.float32], mask: NDArray[np.bool_], sigma_voxel: float
) -> NDArray[np.float32]:
    """Return the largest eigenvalue of the smoothed Hessian: high along dark sheets such as sulci.

    Parameters
    ----------
    image
        Intensities, shape (i, j, k).
    mask
        Voxels to compute, shape (i, j, k); others stay 0.
    sigma_voxel
        Width of the smoothing, voxels.

    Returns
    -------
    NDArray
        Largest second derivative per voxel squared, shape (i, j, k), never below 0.

    Notes
    -----
    Closed-form eigenvalue of a symmetric 3 by 3 matrix (trigonometric solution).
    """
    first = np.gradient(ndimage.gaussian_filter(image, sigma_voxel, truncate=3.0))
    xx, xy, xz = (part[mask] for part in np.gradient(first[0]))
    yy, yz = (part[mask] for part in np.gradient(first[1], axis=(1, 2)))
    zz = np.gradient(first[2], axis=2)[mask]
    mean = (xx + yy + zz) / 3
    a, b, c = xx - mean, yy - mean, zz - mean
    spread = (a * a + b * b + c * c + 2 * (xy * xy + xz * xz + yz * yz)) / 6
    scale = np.sqrt(np.maximum(spread, np.float32(1e-12)))
    half = (a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz)) / (2 * scale**3)
    largest = mean + 2 * scale * np.cos(np.arccos(np.clip(half, -1, 1)) / 3)
    result = np.zeros(image.shape, dtype=np.float32)
    result[mask] = np.maximum(largest, 0)
    return result


def load_template_brain(sulcus_gain_fraction: float = 1.0) -> TemplateBrain:
    """Load the template and sharpen its sulci into fluid.

    Parameters
    ----------
    sulcus_gain_fraction
        How strongly sulci are opened against the usual.

    Returns
    -------
    TemplateBrain
        Fields on the 1 mm template grid.

    Notes
    -----
    Averaging over people turns a sulcus into a shallow valley. The largest Hessian eigenvalue of grey + white
    and of the T1 finds the valley's floor; adding it to the fluid probability opens the sulcus again.
    """
    raw = _raw_brain()
    fluid = np.clip(1 - raw.tissue, 0, 1)
    fluid += np.float32(sulcus_gain_fraction) * raw.valley
    fluid[~raw.mask] = 1
    return TemplateBrain(
        tissue=(0.5 - np.minimum(fluid, 1.5)).astype(np.float32),
        white=raw.white,
        brain_mask=raw.mask,
        mni_from_ijk_mm=raw.mni_from_ijk_mm,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _RawBrain:
    """The part of the work that is the same for everyone."""

    tissue: NDArray[np.float32]
    white: NDArray[np.float32]
    valley: NDArray[np.float32]
    mask: NDArray[np.bool_]
    mni_from_ijk_mm: NDArray[np.float64]


@lru_cache(maxsize=1)
def _raw_brain() -> _RawBrain:
    """Read the template and find its valleys; kept, because a cohort asks for it again and again."""
    t1, affine = _load("t1")
    grey, _ = _load("gm")
    white, _ = _load("wm")
    t1, grey, white = (image[_CROP] for image in (t1, grey, white))
    mask = ndimage.binary_fill_holes(t1 > 0.02)
    inside = ndimage.binary_erosion(mask, iterations=2)
    tissue = grey + white
    valley = _SULCUS_GAIN_GREY * largest_curvature(tissue, mask, 0.9)
    valley += _SULCUS_GAIN_T1 * np.maximum(largest_curvature(t1, inside, 0.9) - 0.02, 0)
    return _RawBrain(
        tissue=tissue,
        white=white - np.float32(0.5),
        valley=valley.astype(np.float32),
        mask=mask,
        mni_from_ijk_mm=affine @ _shift([part.start for part in _CROP]),
    )
