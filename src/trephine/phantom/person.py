# SPDX-License-Identifier: Apache-2.0
"""Who the digital participant is: traits, head shape and the maps between frames, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from trephine.core.arrays import AnyArray, Matrix4, Points
from trephine.core.frames import ANGIO, BOLD, CT, MNI152, SCANNER, Affine, Frame
from trephine.core.random import generator
from trephine.model.volume import Grid
from trephine.model.warp import Warp

_FIELD_STEP_MM = 5.0
_FIELD_LOW_MM = np.array([-120.0, -152.0, -176.0])
_FIELD_SHAPE = (49, 59, 61)
_HEAD_CENTRE_MM = np.array([0.0, -8.0, -16.0])
_FIELD_OF_VIEW_MM = (200.0, 256.0, 252.0)
_INVERSE_STEPS = 10
_MEAN_SIZE_FRACTION = 0.96  # the template is larger than the average head it was made from


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What differs between people, apart from their shape.

    Parameters
    ----------
    skull_mm, scalp_mm, csf_mm
        Thickness of vault and scalp over the crown and of the fluid outside the brain hull.
    sulcus_gain_fraction
        Width of the sulci against the average person; 1 is average.
    hand_shift_mm
        Move of the hand area from the average person's: along the knob, towards the back, up.
    bold_percent
        Largest signal change that an echo-planar voxel of the hand area shows.
    grey_to_white_fraction
        T1 signal of cortex against white matter.
    """

    skull_mm: float
    scalp_mm: float
    csf_mm: float
    sulcus_gain_fraction: float
    hand_shift_mm: tuple[float, float, float]
    bold_percent: float
    grey_to_white_fraction: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Person:
    """One digital participant before any scan.

    Parameters
    ----------
    seed
        Everything follows from it.
    traits
        What differs apart from shape.
    mni_from_scanner, scanner_from_mni
        The person's shape: maps between the average head and the planning T1, inverse to each other
        within 0.2 mm.
    t1_grid
        Grid of the planning T1 in ``scanner``.
    scanner_from
        By modality frame, the true rigid map; a perfect header would make it the identity.
    """

    seed: int
    traits: Traits
    mni_from_scanner: Warp
    scanner_from_mni: Warp
    t1_grid: Grid
    scanner_from: dict[Frame, Affine]

    @property
    def size_fraction(self) -> float:
        """Length in this head against the template's, averaged over directions."""
        return float(np.cbrt(np.linalg.det(self.scanner_from_mni.affine.matrix[:3, :3])))


def rigid_about(centre_mm: Points, rotation_rad: Points, shift_mm: Points) -> Matrix4:
    """Return the rigid map that turns about a centre by a rotation vector and then shifts, mm.

    Parameters
    ----------
    centre_mm, rotation_rad, shift_mm
        Each of shape (3,); the rotation's length is its angle.

    Returns
    -------
    numpy.ndarray
        Homogeneous matrix, shape (4, 4).
    """
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(rotation_rad).as_matrix()
    matrix[:3, 3] = np.asarray(centre_mm) + np.asarray(shift_mm) - matrix[:3, :3] @ np.asarray(centre_mm)
    return matrix


def draw_person(seed: int, voxel_mm: float) -> Person:
    """Draw one person.

    Parameters
    ----------
    seed
        The participant's seed.
    voxel_mm
        Voxel edge of the planning T1.

    Returns
    -------
    Person
        Traits, shape and the true maps between scans.
    """
    scanner_from_mni = _affine(seed)
    mni_grid = _field_grid(np.eye(4), MNI152)
    mni_from_scanner = Warp(
        affine=scanner_from_mni.inverse(), displacement_mm=_smooth_displacement(seed), grid=mni_grid
    )
    return Person(
        seed=seed,
        traits=_traits(seed),
        mni_from_scanner=mni_from_scanner,
        scanner_from_mni=_inverse_warp(mni_from_scanner, scanner_from_mni),
        t1_grid=_t1_grid(seed, voxel_mm, scanner_from_mni),
        scanner_from=_header_errors(seed, scanner_from_mni),
    )


def _traits(seed: int) -> Traits:
    """Draw thicknesses, hand position and contrast within ranges of healthy adults."""
    rng = generator(seed, "phantom.traits")
    shift = rng.normal(0, (2.0, 0.8, 0.5))
    return Traits(
        skull_mm=float(rng.uniform(6.2, 7.8)),
        scalp_mm=float(rng.uniform(5.0, 6.2)),
        csf_mm=float(rng.uniform(0.6, 1.4)),
        sulcus_gain_fraction=float(rng.uniform(0.8, 1.1)),
        hand_shift_mm=(float(shift[0]), float(shift[1]), float(shift[2])),
        bold_percent=float(rng.uniform(1.6, 2.5)),
        grey_to_white_fraction=float(rng.uniform(0.72, 0.78)),
    )


def _affine(seed: int) -> Affine:
    """Draw size, shear and pose of the head in the scanner."""
    rng = generator(seed, "phantom.affine")
    stretch = np.eye(4)
    stretch[:3, :3] = np.diag(_MEAN_SIZE_FRACTION + rng.uniform(-0.06, 0.06, 3)) + np.triu(
        rng.uniform(-0.02, 0.02, (3, 3)), 1
    )
    pose = rigid_about(
        np.zeros(3),
        np.deg2rad(rng.uniform((-8, -4, -5), (8, 4, 5))),
        rng.uniform((-6, -10, -14), (6, 16, 10)),
    )
    return Affine(target=SCANNER, source=MNI152, matrix=pose @ stretch)


def _field_grid(frame_from_mni: Matrix4, frame: Frame) -> Grid:
    """Return the 5 mm grid on which displacements are kept."""
    affine = np.diag([_FIELD_STEP_MM] * 3 + [1.0])
    affine[:3, 3] = _FIELD_LOW_MM
    return Grid(shape=_FIELD_SHAPE, affine_mm=frame_from_mni @ affine, frame=frame)


def _smooth_displacement(seed: int) -> AnyArray:
    """Draw a smooth displacement, broad (head shape) plus finer (gyri), shape (i, j, k, 3), mm."""
    rng = generator(seed, "phantom.warp")
    field = np.zeros((*_FIELD_SHAPE, 3), dtype=np.float32)
    for sigma_mm, rms_mm in ((28.0, 1.9), (12.0, 0.9)):
        for axis in range(3):
            noise = rng.standard_normal(_FIELD_SHAPE, dtype=np.float32)
            part = ndimage.gaussian_filter(noise, sigma_mm / _FIELD_STEP_MM, mode="reflect")
            field[..., axis] += part * np.float32(rms_mm / part.std())
    return field


def _inverse_warp(forward: Warp, backward_affine: Affine) -> Warp:
    """Invert a warp by fixed-point steps on its own grid, carried into the other frame."""
    nodes = np.indices(forward.grid.shape).astype(np.float32)
    step = np.float32(1 / _FIELD_STEP_MM)
    found: AnyArray = nodes.copy()  # y with y + u(y) = node, all in voxels of the field
    for _ in range(_INVERSE_STEPS):
        moved = [
            ndimage.map_coordinates(forward.displacement_mm[..., axis], found, order=1, mode="nearest")
            for axis in range(3)
        ]
        found = nodes - step * np.stack(moved)
    shift = np.moveaxis((found - nodes) * _FIELD_STEP_MM, 0, -1) @ backward_affine.matrix[:3, :3].T
    grid = _field_grid(backward_affine.matrix, backward_affine.target)
    return Warp(affine=backward_affine, displacement_mm=shift, grid=grid)


def _t1_grid(seed: int, voxel_mm: float, scanner_from_mni: Affine) -> Grid:
    """Draw the planning T1's grid: orientation of its axes, slight obliquity and position."""
    rng = generator(seed, "phantom.t1_grid")
    codes = (
        ((0, 1, 2), (1, 1, 1)),
        ((0, 1, 2), (-1, 1, 1)),
        ((1, 2, 0), (-1, 1, 1)),
        ((0, 1, 2), (-1, -1, 1)),
    )
    order, signs = codes[int(rng.integers(len(codes)))]
    lengths = np.ceil(np.array(_FIELD_OF_VIEW_MM) / voxel_mm).astype(int)
    centre = scanner_from_mni(_HEAD_CENTRE_MM[None], frame=MNI152)[0] + rng.uniform(-2, 2, 3)
    turn = Rotation.from_rotvec(np.deg2rad(rng.uniform(-3, 3, 3))).as_matrix()
    shape = tuple(int(lengths[axis]) for axis in order)
    columns = [turn[:, axis] * sign * voxel_mm for axis, sign in zip(order, signs, strict=True)]
    affine = np.eye(4)
    affine[:3, :3] = np.stack(columns, axis=1)
    affine[:3, 3] = centre - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape=(shape[0], shape[1], shape[2]), affine_mm=affine, frame=SCANNER)


def _header_errors(seed: int, scanner_from_mni: Affine) -> dict[Frame, Affine]:
    """Draw how far each other scan's header is off: a person who lay down again, or was scanned elsewhere."""
    centre = scanner_from_mni(np.array([[0.0, -18.0, 10.0]]), frame=MNI152)[0]
    errors: dict[Frame, Affine] = {}
    for frame, turn_deg, shift_mm in ((CT, 10.0, 15.0), (ANGIO, 10.0, 15.0), (BOLD, 2.5, 4.0)):
        rng = generator(seed, f"phantom.header.{frame}")
        turn = _direction(rng) * np.deg2rad(rng.uniform(0.3, 1.0) * turn_deg)
        shift = _direction(rng) * rng.uniform(0.3, 1.0) * shift_mm
        matrix = rigid_about(centre, turn, shift)
        errors[frame] = Affine(target=SCANNER, source=frame, matrix=matrix)
    return errors


def _direction(rng: np.random.Generator) -> Points:
    """Draw a unit vector, shape (3,)."""
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)
