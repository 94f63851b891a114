"""One flat picture laid on another: found where it lies, with an error that holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from trephine.kernels.registration.planar import Flat, Turn, searched
from trephine.kernels.registration.planar_fit import refined

PIXEL_MM = 0.2
ANGLES = np.deg2rad(np.arange(-12.0, 13.0, 4.0))
NULL = np.deg2rad(np.arange(0.0, 360.0, 15.0))
TRUE = Turn(angle_rad=0.1, x_mm=0.8, y_mm=-0.6)


def texture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal((160, 160)), 2.0)
    return (np.abs(field) < np.quantile(np.abs(field), 0.2)).astype(float)


def wide(values: np.ndarray) -> Flat:
    half = (len(values) - 1) / 2 * PIXEL_MM
    return Flat(
        values=ndimage.gaussian_filter(values, 0.8),
        seen=np.ones(values.shape, dtype=bool),
        origin_mm=np.array([-half, -half]),
        pixel_mm=PIXEL_MM,
    )


def opening(moving: Flat, turn: Turn, *, gain: float = -0.5) -> Flat:
    """What the moving picture shows when laid by ``turn``, as another contrast, on a small grid."""
    axis = np.arange(-35, 36) * PIXEL_MM
    x, y = np.meshgrid(axis, axis)
    values, _ = moving.at(turn.back(np.column_stack([x.ravel(), y.ravel()])))
    noise = np.random.default_rng(9).normal(0, 0.02, x.shape)
    return Flat(
        values=2.0 - gain * values.reshape(x.shape) + noise,
        seen=np.ones(x.shape, dtype=bool),
        origin_mm=np.array([axis[0], axis[0]]),
        pixel_mm=PIXEL_MM,
    )


def test_a_turned_and_shifted_picture_is_found_and_its_error_holds() -> None:
    moving = wide(texture(1))
    fixed = opening(moving, TRUE)
    match = searched(fixed, moving, ANGLES, 2.0, null_angles_rad=NULL)
    assert match is not None
    assert match.chance_probability < 1e-3
    fit = refined(fixed, moving, match.turn, blurs_mm=(0.4, 0.2), block_mm=2.0)
    assert fit is not None
    off = np.hypot(fit.turn.x_mm - TRUE.x_mm, fit.turn.y_mm - TRUE.y_mm)
    assert off < 0.02
    assert off < 4 * np.hypot(fit.sd_mm(7.0), fit.scatter_mm)
    assert fit.turn.angle_rad == pytest.approx(TRUE.angle_rad, abs=0.003)
    assert abs(fit.scale_off_fraction) < 0.005


def test_a_picture_of_other_cortex_is_not_recognised() -> None:
    fixed = opening(wide(texture(1)), TRUE)
    match = searched(fixed, wide(texture(2)), ANGLES, 2.0, null_angles_rad=NULL)
    assert match is None or match.chance_probability > 1e-3


def test_an_instrument_over_part_of_the_picture_does_not_pull() -> None:
    moving = wide(texture(1))
    fixed = opening(moving, TRUE)
    values = fixed.values.copy()
    values[10:30, 5:45] = 4.0
    changed = Flat(values=values, seen=fixed.seen, origin_mm=fixed.origin_mm, pixel_mm=PIXEL_MM)
    start = Turn(angle_rad=0.07, x_mm=0.7, y_mm=-0.5)
    fit = refined(changed, moving, start, blurs_mm=(0.4, 0.2), block_mm=2.0)
    assert fit is not None
    assert np.hypot(fit.turn.x_mm - TRUE.x_mm, fit.turn.y_mm - TRUE.y_mm) < 0.06


def test_a_wrong_scale_is_told_with_its_size() -> None:
    moving = wide(texture(1))
    fixed = opening(moving, TRUE)
    larger = Flat(
        values=fixed.values, seen=fixed.seen, origin_mm=fixed.origin_mm * 1.04, pixel_mm=PIXEL_MM * 1.04
    )
    fit = refined(larger, moving, Turn(angle_rad=0.1, x_mm=0.83, y_mm=-0.62), blurs_mm=(0.4,), block_mm=2.0)
    assert fit is not None
    assert fit.scale_off_fraction == pytest.approx(0.04, abs=0.01)


def test_nothing_is_claimed_where_nothing_varies() -> None:
    flat = wide(np.zeros((160, 160)))
    fixed = opening(wide(texture(1)), TRUE)
    assert searched(fixed, flat, ANGLES, 2.0, null_angles_rad=NULL) is None
    assert refined(fixed, flat, TRUE, blurs_mm=(0.4,), block_mm=2.0) is None
