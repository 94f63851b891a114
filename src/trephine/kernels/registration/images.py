# SPDX-License-Identifier: Apache-2.0
"""Arrays with affines to and from ITK images, and resampling between grids.

ITK's world is taken to be the caller's frame as it is (RAS+ here): nothing is flipped, so maps between two
images built here are maps between the callers' frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own manual uses
from scipy import ndimage

from trephine.core.arrays import AnyArray, Matrix4, locked


@contextmanager
def one_thread() -> Iterator[None]:
    """Let ITK use one thread, for sums in one order; the process's own setting comes back afterwards.

    A filter's own thread count does not reach the metric inside a registration: only the process-wide default
    does, and with two threads Mattes' sums differ in the last bits from run to run.
    """
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled:
    """Values with the affine that places them.

    Parameters
    ----------
    values
        Shape (i, j, k), float32.
    affine_mm
        From voxel indices to the image's frame, shape (4, 4).
    """

    values: AnyArray
    affine_mm: Matrix4

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", locked(self.values, np.float32, (None, None, None), "values"))
        object.__setattr__(self, "affine_mm", locked(self.affine_mm, np.float64, (4, 4), "affine_mm"))

    @property
    def voxel_mm(self) -> AnyArray:
        """Edge lengths along i, j, k, shape (3,)."""
        return np.linalg.norm(self.affine_mm[:3, :3], axis=0)


def itk_image(image: Sampled) -> sitk.Image:
    """Return the same image as an ITK image."""
    result = sitk.GetImageFromArray(np.ascontiguousarray(image.values.transpose(2, 1, 0)))
    spacing = image.voxel_mm
    result.SetSpacing(spacing.tolist())
    result.SetDirection(_orthonormal(image.affine_mm[:3, :3] / spacing).ravel().tolist())
    result.SetOrigin(image.affine_mm[:3, 3].tolist())
    return result


def itk_values(image: sitk.Image) -> AnyArray:
    """Return an ITK image's values, shape (i, j, k)."""
    return sitk.GetArrayFromImage(image).transpose(2, 1, 0)


def _orthonormal(matrix: AnyArray) -> AnyArray:
    """Return the nearest orthonormal matrix: headers round, and ITK wants exact directions."""
    left, _, right = np.linalg.svd(matrix)
    return left @ right


def upright(image: Sampled, step_mm: float) -> Sampled:
    """Resample onto an axis-aligned grid that covers the image, smoothing first where it gets coarser.

    Parameters
    ----------
    image
        What to resample.
    step_mm
        Edge length of the new voxels.

    Returns
    -------
    Sampled
        Zero where the image has no voxels.
    """
    shape = np.array(image.values.shape)
    corners = np.array(list(np.ndindex(2, 2, 2))) * shape - 0.5
    world = corners @ image.affine_mm[:3, :3].T + image.affine_mm[:3, 3]
    low, high = world.min(axis=0), world.max(axis=0)
    affine_mm = np.diag([step_mm, step_mm, step_mm, 1.0])
    affine_mm[:3, 3] = low + 0.5 * step_mm
    new_shape = np.maximum(np.ceil((high - low) / step_mm - 1e-6).astype(int), 1)
    return resampled(image, affine_mm, (int(new_shape[0]), int(new_shape[1]), int(new_shape[2])))


def resampled(
    image: Sampled,
    affine_mm: Matrix4,
    shape: tuple[int, int, int],
    *,
    source_from_target: Matrix4 | None = None,
) -> Sampled:
    """Look an image up on another grid, linear in between, smoothing first where the new grid is coarser.

    Parameters
    ----------
    image
        What to resample.
    affine_mm, shape
        The new grid, in the target frame.
    source_from_target
        From the target frame to the image's; the identity when absent.

    Returns
    -------
    Sampled
        On the new grid; zero outside the image.
    """
    step = np.linalg.norm(affine_mm[:3, :3], axis=0)
    coarser = np.sqrt(np.maximum(np.min(step) ** 2 - image.voxel_mm**2, 0.0))
    values = image.values
    if coarser.max() > 0.1:
        values = ndimage.gaussian_filter(values, 0.4 * coarser / image.voxel_mm, truncate=3.0)
    between = np.eye(4) if source_from_target is None else source_from_target
    ijk_from_ijk = np.linalg.inv(image.affine_mm) @ between @ affine_mm
    linear, shift = ijk_from_ijk[:3, :3], ijk_from_ijk[:3, 3]
    new = ndimage.affine_transform(values, linear, shift, output_shape=shape, order=1, mode="constant")
    return Sampled(values=new, affine_mm=affine_mm)


def cropped(image: Sampled, low_mm: AnyArray, high_mm: AnyArray) -> Sampled:
    """Cut an upright image to the voxels whose centres lie in a box.

    Parameters
    ----------
    image
        On an axis-aligned grid.
    low_mm, high_mm
        The box's corners in the image's frame, shape (3,).

    Returns
    -------
    Sampled
        At least one voxel along every axis.
    """
    origin, step = image.affine_mm[:3, 3], np.diag(image.affine_mm)[:3]
    size = np.array(image.values.shape)
    first = np.clip(np.ceil((low_mm - origin) / step).astype(int), 0, size - 1)
    last = np.clip(np.floor((high_mm - origin) / step).astype(int), first, size - 1)
    affine_mm = image.affine_mm.copy()
    affine_mm[:3, 3] = origin + first * step
    cut = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    return Sampled(values=image.values[cut], affine_mm=affine_mm)
