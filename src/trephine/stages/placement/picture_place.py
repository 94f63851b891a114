# SPDX-License-Identifier: Apache-2.0
"""Where a picture taken in surgery lies over the plan: by its vessels, or by the pose that is stated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask2
from trephine.core.errors import InputError
from trephine.core.findings import Finding, Severity
from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.core.units import UM_PER_MM
from trephine.kernels.registration.planar import Flat, Match, Turn, searched
from trephine.kernels.registration.planar_fit import Fit, refined
from trephine.model.ground import Ground
from trephine.model.live_picture import LivePicture, StatedPose
from trephine.model.replan import EarlierMap, Reference
from trephine.stages.placement.settings import FrameSettings, Settings

_GREEN = 1
_EIGHT_BITS = 255.0
_COARSE_MM, _FINE_MM = 0.2, 0.1
_BLURS_MM = (0.3, 0.15)
_BLOCK_MM = 2.0
"""Vessels within a block have their error in common."""
_AROUND_MM = 1.0
"""Light is compared with its mean over so much."""
_DARK_FRACTION = 0.12
_SATURATED = 0.97
_TURN_STEP_RAD = np.deg2rad(2.0)
_ALL_TURNS = np.deg2rad(np.arange(-180.0, 180.0, 4.0))
_NULL_TURNS = np.deg2rad(np.arange(0.0, 360.0, 12.0))
_LEAST_VESSEL_FRACTION = 0.005
_SPARE_MM = 0.5
_DISAGREEMENT_Z = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """Vessels that the plan knows, which the picture may show again.

    Parameters
    ----------
    vessel, seen
        Where they are and where they could have been told, shape (row, column) of the ground.
    name
        What they come from.
    error_mm
        Standard deviation of where they are on the plan.
    """

    vessel: Mask2
    seen: Mask2
    name: Reference
    error_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """Where the picture lies.

    Parameters
    ----------
    scanner_from_image
        Pose used.
    laid_by, error_mm
        What it comes from, and its standard deviation on the plan, one axis.
    moved_mm, turned_rad
        From the stated pose to the one used; absent without one.
    match, fit
        Of the search, where vessels were looked for.
    """

    scanner_from_image: Affine
    laid_by: Reference
    error_mm: float
    moved_mm: float | None = None
    turned_rad: float | None = None
    match: Match | None = None
    fit: Fit | None = None


def known_vessels(ground: Ground, earlier: EarlierMap | None) -> Known | None:
    """Return what the picture can be compared with: the earlier picture's vessels, else the angiogram's."""
    if earlier is not None:
        seen = ~earlier.obstacles.outside | ground.rim
        return Known(
            vessel=earlier.obstacles.vessel, seen=seen, name="earlier picture", error_mm=earlier.error_mm
        )
    before = ground.before
    if before is None or before.mask.mean() < _LEAST_VESSEL_FRACTION:
        return None
    return Known(
        vessel=before.mask,
        seen=np.ones_like(before.mask),
        name="vessels seen before surgery",
        error_mm=before.registration_error_mm,
    )


def place_of(
    picture: LivePicture, ground: Ground, known: Known | None, settings: Settings
) -> tuple[Place, tuple[Finding, ...]]:
    """Lay a picture on the plan.

    Parameters
    ----------
    picture
        With a stated pose or without.
    ground
        Grid and pose of the implant.
    known
        Vessels that the picture may show again.
    settings
        How far is looked, and what is accepted.

    Returns
    -------
    tuple
        The place, and what was noticed: a BLOCK finding where the place cannot be relied on.

    Raises
    ------
    InputError
        If no pose is stated and none can be found.
    """
    stated, limits = picture.pose, settings.frame
    start = stated.scanner_from_image if stated else _straight_down(picture, ground)
    match, fit = (None, None) if known is None else _found(picture, start, ground, known, settings)
    if known is None or match is None or fit is None or not _is_sure(match, fit, limits):
        if stated is None:
            raise _unknown(known, match)
        place = Place(
            scanner_from_image=start,
            laid_by="stated pose",
            error_mm=stated.error_um / UM_PER_MM,
            moved_mm=0.0,
            turned_rad=0.0,
            match=match,
        )
        return place, tuple(_unchecked(place, known, limits))
    error_mm = float(np.sqrt(fit.sd_mm(_radius_mm(ground)) ** 2 + fit.scatter_mm**2 + known.error_mm**2))
    moved_mm, turned_rad = _away(fit.turn)
    found = tuple(_doubts(stated, moved_mm, error_mm, fit, settings))
    is_surer = stated is None or known.name == "earlier picture" or error_mm < stated.error_um / UM_PER_MM
    if not is_surer and stated is not None:
        stays = stated.error_um / UM_PER_MM
        return Place(
            scanner_from_image=start, laid_by="stated pose", error_mm=stays, moved_mm=0.0, turned_rad=0.0,
            match=match, fit=fit,
        ), found  # fmt: skip
    return Place(
        scanner_from_image=_turned(start, fit.turn, ground),
        laid_by=known.name,
        error_mm=error_mm,
        moved_mm=moved_mm if stated else None,
        turned_rad=turned_rad if stated else None,
        match=match,
        fit=fit,
    ), found


def _straight_down(picture: LivePicture, ground: Ground) -> Affine:
    """Return the pose of a camera that looks down the implant's axis at its middle."""
    rows, columns = picture.rgb.shape[:2]
    pixel = picture.pixel_um / UM_PER_MM
    pose = np.diag([1.0, -1.0, 1.0, 1.0])
    pose[:2, 3] = [-(columns - 1) / 2 * pixel, (rows - 1) / 2 * pixel]
    return Affine(target=SCANNER, source=IMAGE, matrix=ground.scanner_from_implant.matrix @ pose)


def _found(
    picture: LivePicture, start: Affine, ground: Ground, known: Known, settings: Settings
) -> tuple[Match | None, Fit | None]:
    """Look for the known vessels in the picture."""
    stated, limits = picture.pose, settings.frame
    reach, angles = limits.reach_mm, _ALL_TURNS
    if stated is not None:
        spread = np.hypot(stated.error_um / UM_PER_MM, settings.surface_shift_mm)
        reach = min(_DISAGREEMENT_Z * float(spread) + _SPARE_MM, limits.reach_mm)
        count = int(limits.turn_rad / _TURN_STEP_RAD)
        angles = np.arange(-count, count + 1) * _TURN_STEP_RAD
    light, is_seen, pixel_mm = _darkness(picture)
    half = _radius_mm(ground) + limits.reach_mm + _SPARE_MM
    coarse, fine = (
        _in_plane(light, is_seen, pixel_mm, picture, (start, ground), step, half)
        for step in (_COARSE_MM, _FINE_MM)
    )
    match = searched(_thinned(ground, known, _COARSE_MM), coarse, angles, reach, null_angles_rad=_NULL_TURNS)
    if match is None:
        return None, None
    return match, refined(
        _thinned(ground, known, _FINE_MM), fine, match.turn, blurs_mm=_BLURS_MM, block_mm=_BLOCK_MM
    )


def _darkness(picture: LivePicture) -> tuple[AnyArray, Mask2, float]:
    """Return how much darker each spot is than what surrounds it, where that can be told, on wide pixels.

    Blood absorbs green; the logarithm makes uneven light an added slow change, which the mean takes away.
    """
    step = max(int(_FINE_MM * UM_PER_MM / picture.pixel_um), 1)
    rows, columns = (length // step for length in picture.rgb.shape[:2])
    green = picture.rgb[: rows * step, : columns * step, _GREEN].reshape(rows, step, columns, step)
    light = green.mean(axis=(1, 3), dtype=np.float32) / _EIGHT_BITS
    pixel_mm = picture.pixel_um * step / UM_PER_MM
    broad = ndimage.gaussian_filter(light, _AROUND_MM / 2 / pixel_mm)
    is_dark = broad < _DARK_FRACTION * float(np.quantile(broad, 0.95))
    is_seen = ~(is_dark | ndimage.binary_dilation(light > _SATURATED, iterations=2))
    tone = np.where(is_seen, np.log(np.maximum(light, 1 / _EIGHT_BITS)), 0.0)
    share = ndimage.gaussian_filter(is_seen.astype(np.float32), _AROUND_MM / pixel_mm)
    mean = ndimage.gaussian_filter(tone, _AROUND_MM / pixel_mm) / np.maximum(share, 1e-3)
    return np.where(is_seen, mean - tone, 0.0), is_seen, pixel_mm


def _in_plane(
    light: AnyArray,
    is_seen: Mask2,
    pixel_mm: float,
    picture: LivePicture,
    pose: tuple[Affine, Ground],
    step_mm: float,
    half_mm: float,
) -> Flat:
    """Bring the picture onto a square grid of the implant's plane, along the axis."""
    start, ground = pose
    plane = ground.scanner_from_implant.inverse().matrix @ start.matrix
    axis = np.arange(-int(half_mm / step_mm), int(half_mm / step_mm) + 1) * step_mm
    x, y = np.meshgrid(axis, axis)
    spot = (np.column_stack([x.ravel(), y.ravel()]) - plane[:2, 3]) @ np.linalg.inv(plane[:2, :2]).T
    # An averaged pixel's centre lies half a block, less half a pixel, beyond its first pixel's.
    first = (pixel_mm - picture.pixel_um / UM_PER_MM) / 2
    index = ((spot - first) / pixel_mm)[:, ::-1].T
    # A pixel wider than the picture's takes the mean of what it covers.
    sd = 0.5 * step_mm / pixel_mm if step_mm > pixel_mm else 0.0
    soft = ndimage.gaussian_filter(light, sd) if sd else light
    values = ndimage.map_coordinates(soft, index, order=1, mode="constant")
    known = ndimage.map_coordinates(is_seen.astype(np.float32), index, order=1, mode="constant") > 0.9
    return Flat(
        values=values.reshape(x.shape),
        seen=known.reshape(x.shape),
        origin_mm=np.array([axis[0], axis[0]]),
        pixel_mm=step_mm,
    )


def _thinned(ground: Ground, known: Known, step_mm: float) -> Flat:
    """Return the share of vessel on wider pixels."""
    step = max(round(step_mm / ground.pixel_mm), 1)
    soft = ndimage.gaussian_filter(known.vessel.astype(np.float32), step / 2)
    return Flat(
        values=soft[::step, ::step],
        seen=known.seen[::step, ::step],
        origin_mm=ground.origin_mm,
        pixel_mm=ground.pixel_mm * step,
    )


def _radius_mm(ground: Ground) -> float:
    """Return the radius of the exposed cortex."""
    return float(np.abs(ground.origin_mm).max())


def _is_sure(match: Match, fit: Fit, limits: FrameSettings) -> bool:
    """Whether the vessels can only lie there: rarely by chance, nowhere else as well, and well enough."""
    return (
        match.chance_probability < limits.chance_limit_fraction
        and match.score - match.rival_correlation > 0.25 * match.score
        and float(np.hypot(fit.scatter_mm, np.sqrt(np.trace(fit.covariance[1:, 1:]) / 2)))
        < limits.pose_limit_mm
    )


def _away(turn: Turn) -> tuple[float, float]:
    """Return how far the middle of the opening moves, and the angle."""
    return float(np.hypot(turn.x_mm, turn.y_mm)), float(turn.angle_rad)


def _turned(start: Affine, turn: Turn, ground: Ground) -> Affine:
    """Move a pose in the implant's plane."""
    c, s = np.cos(turn.angle_rad), np.sin(turn.angle_rad)
    step = np.eye(4)
    step[:2, :2], step[:2, 3] = [[c, -s], [s, c]], [turn.x_mm, turn.y_mm]
    up = ground.scanner_from_implant.matrix
    return Affine(target=SCANNER, source=IMAGE, matrix=up @ step @ np.linalg.inv(up) @ start.matrix)


def _unknown(known: Known | None, match: Match | None) -> InputError:
    reason = "no vessel is known before surgery and there is no earlier picture"
    if known is not None:
        reason = f"the {known.name} was looked for and not recognised"
        reason += (
            ""
            if match is None
            else f" (another cortex would fit as well with chance {match.chance_probability:.2g})"
        )
    return InputError.because(
        where="the picture",
        found=f"a picture without a pose, and {reason}",
        expected="a place over the plan",
        remedy="State the pose: ScannerFromImage and RegistrationErrorUm in the picture's sidecar; or check "
        "that the picture shows the opening and that its scale is right.",
    )


def _unchecked(place: Place, known: Known | None, limits: FrameSettings) -> Iterator[Finding]:
    """Say that the stated pose stands alone."""
    if place.error_mm > limits.pose_limit_mm:
        yield Finding(
            code="FRAME_NOT_REGISTERED",
            severity=Severity.BLOCK,
            message="The picture could not be laid on the plan by what it shows, and the stated pose is not "
            "good enough: state a better one.",
            value=place.error_mm,
            limit=limits.pose_limit_mm,
            unit="mm",
            source="assumed",
        )
        return
    yield Finding(
        code="FRAME_POSE_UNCHECKED",
        severity=Severity.WARN,
        message="The picture lies where its stated pose says; "
        + (
            "no vessel is known before surgery to check it by."
            if known is None
            else f"the {known.name} was looked for in it and not recognised."
        ),
        value=place.error_mm,
        limit=limits.pose_limit_mm,
        unit="mm",
        source="assumed",
    )


def _doubts(
    stated: StatedPose | None, moved_mm: float, error_mm: float, fit: Fit, settings: Settings
) -> Iterator[Finding]:
    """Compare what was found with what was stated."""
    if stated is not None:
        spread = np.sqrt((stated.error_um / UM_PER_MM) ** 2 + error_mm**2 + settings.surface_shift_mm**2)
        limit = _DISAGREEMENT_Z * float(spread)
        if moved_mm > limit:
            yield Finding(
                code="FRAME_POSE_CONTRADICTED",
                severity=Severity.BLOCK,
                message="The vessels lie farther from where the stated pose puts them than errors and a "
                "shift of the brain explain.",
                value=moved_mm,
                limit=limit,
                unit="mm",
                source="corticalregistration2016",
            )
    most = max(_DISAGREEMENT_Z * fit.scale_sd_fraction, settings.frame.scale_limit_fraction)
    if abs(fit.scale_off_fraction) > most:
        yield Finding(
            code="FRAME_SCALE_DOUBTFUL",
            severity=Severity.BLOCK,
            message="The vessels fit better at another scale than stated; every distance in the picture "
            "would be wrong by this share.",
            value=fit.scale_off_fraction,
            limit=most,
            unit="1",
            source="assumed",
        )
