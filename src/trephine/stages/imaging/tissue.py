# SPDX-License-Identifier: Apache-2.0
"""Grey, white and fluid inside the skull; scalp and skull outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.kernels.segmentation.masks import largest_part
from trephine.kernels.segmentation.mixture import Mixture, fit_mixture, posterior
from trephine.model.anatomy import Tissue
from trephine.stages.imaging.brightness import Levels

_PRIOR_TRUST = 0.85
"""Share of the template's prior; the rest is the same for every class, so that a person may differ."""
_MOST_FITTED_VOXELS = 200_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Inside:
    """What fills the inside of the skull.

    Parameters
    ----------
    fluid, grey, white
        Where each is, shape (i, j, k).
    tissue_fraction
        Probability of grey or white, float32, for a smooth surface.
    mixture
        The fitted brightness classes.
    """

    fluid: Mask3
    grey: Mask3
    white: Mask3
    tissue_fraction: AnyArray
    mixture: Mixture


def classify(values: AnyArray, grey: AnyArray, white: AnyArray, inside: Mask3, levels: Levels) -> Inside:
    """Tell fluid, grey and white apart inside the skull.

    Parameters
    ----------
    values
        Planning T1, shape (i, j, k), shading removed.
    grey, white
        The template's probabilities carried to that grid.
    inside
        Inside of the skull.
    levels
        First guess of each class's signal.

    Returns
    -------
    Inside
        Every voxel of ``inside`` in one class; bright specks apart from the brain (dura, vessels) are fluid.
    """
    prior = _priors(grey, white)
    signal = values[inside]
    every = max(1, signal.size // _MOST_FITTED_VOXELS)
    start = np.array([levels.fluid_signal, levels.grey_signal, levels.white_signal])
    mixture = fit_mixture(signal[::every].astype(np.float64), prior[:, inside][:, ::every], start)
    share = posterior(values, prior, mixture, inside)
    best = share.argmax(axis=0)
    brain = inside & (best > 0)
    # Dura and veins touch the brain by thin bridges only.
    core = largest_part(ndimage.binary_erosion(brain))
    brain &= ndimage.binary_dilation(core, iterations=2)
    white_part = brain & (best == 2)
    tissue_fraction = np.where(ndimage.binary_dilation(brain), share[1] + share[2], 0.0).astype(np.float32)
    return Inside(
        fluid=inside & ~brain,
        grey=brain & ~white_part,
        white=white_part,
        tissue_fraction=tissue_fraction,
        mixture=mixture,
    )


def _priors(grey: AnyArray, white: AnyArray) -> AnyArray:
    """Return softened priors of fluid, grey and white, shape (3, i, j, k)."""
    fluid = np.clip(1.0 - grey - white, 0.0, 1.0)
    return np.asarray(
        np.stack([fluid, grey, white]) * _PRIOR_TRUST + (1 - _PRIOR_TRUST) / 3, dtype=np.float32
    )


def labelled(
    head: Mask3, within_skull: Mask3, intracranial: Mask3, box: tuple[slice, slice, slice], inside: Inside
) -> AnyArray:
    """Put all tissues into one label volume.

    Parameters
    ----------
    head
        Inside of the skin.
    within_skull
        Skull and inside of the skull.
    intracranial
        Inside of the skull.
    box
        Where ``inside`` lies on the grid of the other masks.
    inside
        What fills it.

    Returns
    -------
    numpy.ndarray
        ``Tissue`` labels, uint8, shape (i, j, k).
    """
    label = np.zeros(head.shape, dtype=np.uint8)
    label[head] = Tissue.SCALP
    label[within_skull] = Tissue.SKULL
    label[intracranial] = Tissue.CSF
    label[box][inside.grey] = Tissue.GREY
    label[box][inside.white] = Tissue.WHITE
    return label
