"""The smooth map brings shapes together and can be undone."""

import numpy as np
from scipy import ndimage

from trephine.kernels.registration.deformable import DeformableSettings, register_deformable
from trephine.kernels.registration.images import Sampled

AFFINE_MM = np.diag([3.0, 3.0, 3.0, 1.0])


def ball(stretch: float) -> np.ndarray:
    """A textured ball, stretched along x."""
    i, j, k = np.indices((32, 32, 32)) - 15.5
    i = i / stretch
    inside = ndimage.gaussian_filter((np.sqrt(i**2 + j**2 + k**2) < 11).astype(float), 0.7)
    return inside * (100 + 40 * np.cos(i * 0.9) + 40 * np.cos(j * 0.8) + 30 * np.cos(k * 0.7))


def test_a_stretch_is_found_and_undone() -> None:
    fixed, moving = ball(1.0), ball(1.15)
    settings = DeformableSettings(coarse_steps=40, fine_steps=20)
    field = register_deformable(
        Sampled(values=fixed, affine_mm=AFFINE_MM),
        fixed > 20,
        Sampled(values=moving, affine_mm=AFFINE_MM),
        moving > 20,
        settings,
    )
    place = np.indices(fixed.shape) + np.moveaxis(field.forward_mm, -1, 0) / 3.0
    warped = ndimage.map_coordinates(moving, place, order=1)
    inside = fixed > 20
    assert np.abs(warped - fixed)[inside].mean() < 0.6 * np.abs(moving - fixed)[inside].mean()
    assert field.gap_mm < 0.5
