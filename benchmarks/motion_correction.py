"""Motion correction of one synthetic BOLD run with known motion: ours beside SimpleITK, volume by volume."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own manual uses
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

from trephine.bench.row import Row
from trephine.bench.timing import medians_s
from trephine.core.progress import Progress
from trephine.core.random import generator
from trephine.kernels.signal.motion_correction import estimate_motion

SHAPE = (64, 64, 30)
VOXEL_MM = 3.0
VOLUMES = 16
REPEATS = 3


def head() -> np.ndarray:
    """Return a smooth blob with inner structure, shape (64, 64, 30)."""
    rng = generator(1, "bench.motion.head")
    i, j, k = np.meshgrid(*[np.linspace(-1, 1, n) for n in SHAPE], indexing="ij")
    inside = gaussian_filter(((i / 0.75) ** 2 + (j / 0.85) ** 2 + (k / 0.9) ** 2 < 1).astype(float), 1.0)
    return inside * (600 + 150 * gaussian_filter(rng.standard_normal(SHAPE), 2.0) / 0.05)


def run() -> tuple[np.ndarray, np.ndarray]:
    """Return the series, shape (i, j, k, time), and its true shifts in mm, shape (time, 3)."""
    rng = generator(1, "bench.motion.run")
    shift = np.cumsum(rng.normal(0, 0.06, (VOLUMES, 3)), axis=0)
    turn = np.cumsum(rng.normal(0, 0.0008, (VOLUMES, 3)), axis=0)
    still = head()
    centre = (np.array(SHAPE) - 1) / 2
    at = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), -1).reshape(-1, 3) - centre
    series = np.empty((*SHAPE, VOLUMES), dtype=np.float32)
    for t in range(VOLUMES):
        moved = at @ Rotation.from_rotvec(turn[t]).as_matrix() - shift[t] / VOXEL_MM + centre
        series[..., t] = map_coordinates(still, moved.T, order=3, mode="nearest").reshape(SHAPE)
    return series + rng.normal(0, 6, series.shape).astype(np.float32), shift


def ours(series: np.ndarray) -> np.ndarray:
    """Return estimated shifts of the grid's centre, mm, shape (time, 3)."""
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    motion = estimate_motion(series, affine, series.mean(axis=-1) > 150)
    centre = np.append((np.array(SHAPE) - 1) / 2 * VOXEL_MM, 1.0)
    return (motion.volume_from_reference @ centre)[:, :3] - centre[:3]


def peer(series: np.ndarray) -> np.ndarray:
    """Return the same from a mean-squares rigid registration of every volume to the mean."""
    fixed = _image(series.mean(axis=-1))
    centre = fixed.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in SHAPE])
    shifts = []
    for t in range(series.shape[-1]):
        method = sitk.ImageRegistrationMethod()
        method.SetMetricAsMeanSquares()
        method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 60, relaxationFactor=0.5)
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInterpolator(sitk.sitkLinear)
        method.SetInitialTransform(
            sitk.VersorRigid3DTransform((0, 0, 0, 1), (0, 0, 0), centre), inPlace=False
        )
        found = method.Execute(fixed, _image(series[..., t]))
        shifts.append(np.array(found.TransformPoint(centre)) - centre)
    return np.array(shifts)


def _image(values: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)).astype(np.float32))
    image.SetSpacing([VOXEL_MM] * 3)
    return image


def error_um(found_mm: np.ndarray, true_mm: np.ndarray) -> float:
    """Return the root mean square error of shifts, each about its own mean (the reference is free)."""
    left = (found_mm - found_mm.mean(axis=0)) - (true_mm - true_mm.mean(axis=0))
    return float(np.sqrt((left**2).sum(axis=1).mean()) * 1000)


def rows(progress: Progress) -> Iterator[Row]:
    """Measure time and error on the same run."""
    series, true_mm = run()
    times = medians_s(
        {"ours": lambda: ours(series), "peer": lambda: peer(series)}, repeats=REPEATS, progress=progress
    )
    size = "x".join(map(str, SHAPE))
    work = f"rigid motion of {VOLUMES} volumes of {size} voxels of {VOXEL_MM:g} mm, simulated"
    who = {"peer_name": "SimpleITK", "peer_version": sitk.Version.VersionString(), "better": "lower"}
    yield Row(
        work=work,
        figure="time",
        unit="s",
        ours=times["ours"],
        peer=times["peer"],
        repeat_count=REPEATS,
        **who,
    )
    yield Row(
        work=work,
        figure="root mean square error of the shift",
        unit="um",
        ours=error_um(ours(series), true_mm),
        peer=error_um(peer(series), true_mm),
        note="the peer's regular-step descent on mean squares, linear interpolation, no smoothing",
        **who,
    )
