"""A real person's study in a temporary folder, with a simulated angiogram where one is wanted as load."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter1d

from trephine.bench.data import real_data
from trephine.core.frames import ANGIO, SCANNER
from trephine.core.random import generator
from trephine.formats.nifti import read_volume, volume_bytes
from trephine.model.volume import Grid, Volume

ANGIO_SHAPE = (256, 256, 120)
ANGIO_VOXEL_MM = (0.6, 0.6, 0.65)
HEADER_SHIFT_MM = (3.0, -2.0, 4.0)
TREES, STEPS = 60, 400


def real_study() -> Path | None:
    """Return the study of a real person with a T1 and a hand task; nothing where it is not at hand."""
    folder = real_data()
    study = None if folder is None else folder / "imaging" / "bids-hand"
    return study if study is not None and (study / "sub-01").is_dir() else None


def copy_of(study: Path, folder: Path, *, has_angio: bool) -> Path:
    """Copy a study, and add a simulated angiogram to the copy where it is to be load."""
    made = folder / ("with-angiogram" if has_angio else "plain")
    shutil.copytree(study, made, ignore=shutil.ignore_patterns("derivatives"), copy_function=shutil.copyfile)
    for path in (made, *(each for each in made.rglob("*") if each.is_dir())):
        path.chmod(0o755)  # the source may be read-only
    if has_angio:
        anat = made / "sub-01" / "anat"
        angio = simulated_angiogram(read_volume(anat / "sub-01_T1w.nii.gz", SCANNER))
        (anat / "sub-01_angio.nii.gz").write_bytes(volume_bytes(angio))
    return made


def simulated_angiogram(t1: Volume) -> Volume:
    """Make an angiogram as load only: the T1 darkened, with bright tubes that are nobody's vessels.

    Parameters
    ----------
    t1
        The person's T1.

    Returns
    -------
    Volume
        Of the size and voxel of a usual time-of-flight scan, its header off by 5.4 mm.
    """
    rng = generator(1, "bench.imaging.angiogram")
    low, high = np.percentile(np.argwhere(t1.values > np.percentile(t1.values, 60)), (5, 95), axis=0)
    centre_mm = t1.grid.mm_of(((low + high) / 2)[None])[0] + (0, 0, 15.0)
    affine = np.diag([*ANGIO_VOXEL_MM, 1.0])
    affine[:3, 3] = centre_mm - (np.array(ANGIO_SHAPE) - 1) / 2 * ANGIO_VOXEL_MM
    back = np.linalg.inv(t1.grid.affine_mm) @ affine
    values = 0.4 * affine_transform(
        t1.values.astype(np.float32), back[:3, :3], back[:3, 3], output_shape=ANGIO_SHAPE, order=1
    )
    bright = 1.6 * float(np.percentile(values, 99))
    for _ in range(TREES):
        way = gaussian_filter1d(rng.normal(0, 1, (STEPS, 3)), 12, axis=0)
        way *= 0.35 / np.linalg.norm(way, axis=1, keepdims=True)
        place = (
            rng.uniform(0.3, 0.7, 3) * ANGIO_SHAPE * ANGIO_VOXEL_MM + np.cumsum(way, axis=0)
        ) / ANGIO_VOXEL_MM
        radius = rng.uniform(0.5, 1.5) / ANGIO_VOXEL_MM[0]
        reach = np.arange(-3, 4)
        ball = np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), -1).reshape(-1, 3)
        ball = ball[np.linalg.norm(ball, axis=1) <= radius]
        at = np.rint(place[:, None] + ball).astype(int).reshape(-1, 3)
        at = at[np.all((at >= 0) & (at < ANGIO_SHAPE), axis=1)]
        values[tuple(at.T)] = bright
    values += rng.normal(0, 0.01 * bright, ANGIO_SHAPE).astype(np.float32)
    affine[:3, 3] += HEADER_SHIFT_MM
    grid = Grid(shape=ANGIO_SHAPE, affine_mm=affine, frame=ANGIO)
    return Volume(values=np.clip(values, 0, None).astype(np.float32), grid=grid, unit="arbitrary")
