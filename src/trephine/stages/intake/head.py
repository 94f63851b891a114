# SPDX-License-Identifier: Apache-2.0
"""Fit the template's brain to a head of any scan, and say whether the fit can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Matrix4
from trephine.core.errors import NumericalError
from trephine.kernels.registration.affine import register_affine
from trephine.kernels.registration.images import Sampled, upright
from trephine.kernels.segmentation.masks import foreground, grown
from trephine.kernels.segmentation.shading import shading_of
from trephine.model.template import Template
from trephine.model.volume import Volume

STEP_MM = 3.0
_TEMPLATE_STEP_MM = 2.0
_RIM_MM = 6.0
_LEAST_HEAD_ML = 1500.0
"""The smallest grown head with scalp; a brain alone has less. As for the planning T1."""
_BELOW_TOP_MM = 80.0
_UPPER_HEAD_MM = 130.0
_TISSUE_HU = (-30.0, 100.0)
"""Soft tissue; the skull around the brain becomes the dark rim that the template has. Assumed."""
_LEAST_SCALE, _LARGEST_SCALE = 0.75, 1.35
"""Of the template, along any axis: heads of grown people and children above six. Assumed."""
_LEAST_INSIDE_SHARE = 0.97
"""Of the template's brain that must lie in the head. Assumed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadFit:
    """Where the template lies on a scan.

    Parameters
    ----------
    mni_from_scan
        Affine map, shape (4, 4), mm.
    doubt
        Why it cannot be trusted; empty where it can.
    """

    mni_from_scan: Matrix4
    doubt: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """A scan on an upright 3 mm grid.

    Parameters
    ----------
    image
        Shading removed; of a CT soft tissue alone.
    mask
        The head.
    """

    image: Sampled
    mask: Mask3

    @property
    def is_head(self) -> bool:
        """Whether it is large enough to have a scalp, and so a face."""
        return float(self.mask.sum()) * STEP_MM**3 / 1000.0 >= _LEAST_HEAD_ML


def head_of(volume: Volume, *, is_hounsfield: bool) -> Head:
    """Bring a scan to a coarse upright grid and find the head in it."""
    if is_hounsfield:
        clipped = Sampled(
            values=np.clip(volume.values, -1000.0, 1000.0) + 1000.0, affine_mm=volume.grid.affine_mm
        )
        coarse = upright(clipped, STEP_MM)
        hounsfield = coarse.values - 1000.0
        mask = foreground(np.clip(hounsfield + 600.0, 0.0, 700.0), coarse.voxel_mm)
        low, high = _TISSUE_HU
        tissue = np.where(
            (hounsfield > low) & (hounsfield < high), np.clip(hounsfield, 0.0, high) + 100.0, 0.0
        )
        return Head(image=Sampled(values=tissue, affine_mm=coarse.affine_mm), mask=mask)
    full = Sampled(values=np.maximum(volume.values, 0.0), affine_mm=volume.grid.affine_mm)
    coarse = upright(full, STEP_MM)
    mask = foreground(coarse.values, coarse.voxel_mm)
    if not mask.any():
        return Head(image=coarse, mask=mask)
    flat = coarse.values / shading_of(coarse.values, mask, coarse.affine_mm)
    return Head(image=Sampled(values=flat, affine_mm=coarse.affine_mm), mask=mask)


def template_brain(template: Template) -> tuple[Sampled, Mask3]:
    """Return the template at 2 mm, and where its brain is."""
    t1 = template.t1
    small = upright(
        Sampled(values=t1.values.astype(np.float32), affine_mm=t1.grid.affine_mm), _TEMPLATE_STEP_MM
    )
    return small, np.asarray(ndimage.binary_fill_holes(small.values > 0.1 * float(small.values.max())))


def fit_head(head: Head, template: Template) -> HeadFit:
    """Fit the template's brain to a head by an affine map from many starts.

    Parameters
    ----------
    head
        At 3 mm.
    template
        Brain only.

    Returns
    -------
    HeadFit
        With a doubt where too few starts agree, the size is not that of a head, or the brain leaves the head.
    """
    small, brain = template_brain(template)
    compared = grown(brain, _RIM_MM, small.voxel_mm)
    try:
        fit = register_affine(small, compared, head.image, _brain_guess_mm(head))
    except NumericalError:
        return HeadFit(mni_from_scan=np.eye(4), doubt="the template's brain could not be laid on it")
    matrix = fit.image_from_template
    doubt = _scale_doubt(matrix) or _outside_doubt(matrix, small, brain, head)
    if not doubt and fit.finalists > 1 and fit.agreeing_starts < 2:
        doubt = "the best starts of the fit to the template disagree"
    return HeadFit(mni_from_scan=np.linalg.inv(matrix), doubt=doubt)


def _brain_guess_mm(head: Head) -> AnyArray:
    """Guess the brain's centre: the middle of the upper part of the head, some way below its top."""
    area = head.mask.sum(axis=(0, 1))
    if not area.any():
        return head.image.affine_mm[:3, 3]
    top = int(np.flatnonzero(area > 0.05 * area.max()).max())
    low = max(0, top - int(_UPPER_HEAD_MM / STEP_MM))
    middle = np.array(ndimage.center_of_mass(head.mask[:, :, low : top + 1]))
    middle[2] = top - _BELOW_TOP_MM / STEP_MM
    return head.image.affine_mm[:3, :3] @ middle + head.image.affine_mm[:3, 3]


def _scale_doubt(matrix: Matrix4) -> str:
    scales = np.linalg.svd(matrix[:3, :3], compute_uv=False)
    if np.linalg.det(matrix[:3, :3]) > 0 and scales.min() >= _LEAST_SCALE and scales.max() <= _LARGEST_SCALE:
        return ""
    return f"the fit would make the head {scales.min():.2f} to {scales.max():.2f} times the template's size"


def _outside_doubt(matrix: Matrix4, small: Sampled, brain: Mask3, head: Head) -> str:
    """Doubt a fit that lays brain outside the head."""
    voxels = np.argwhere(brain)[::37]
    mni_mm = voxels @ small.affine_mm[:3, :3].T + small.affine_mm[:3, 3]
    scan_mm = mni_mm @ matrix[:3, :3].T + matrix[:3, 3]
    inverse = np.linalg.inv(head.image.affine_mm)
    index = np.rint(scan_mm @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
    shape = np.array(head.mask.shape)
    is_there = np.all((index >= 0) & (index < shape), axis=1)
    inside = head.mask[tuple(np.clip(index, 0, shape - 1).T)] & is_there
    share = float(inside.mean())
    if share >= _LEAST_INSIDE_SHARE:
        return ""
    return f"only {share:.0%} of the template's brain would lie in the head"
