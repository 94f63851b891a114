# SPDX-License-Identifier: Apache-2.0
"""The ICBM152 template and an average cortex as the nilearn package carries them: no download."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from trephine.core.errors import StorageError
from trephine.core.frames import MNI152
from trephine.formats.gifti import read_surface
from trephine.formats.nifti import read_volume
from trephine.model.surface import Surface
from trephine.model.template import Template
from trephine.model.volume import Volume

_NAME = "mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz"
_STORED_MAXIMUM = 255.0
_CORTEX = "fsaverage5/white_{side}.gii.gz"
_MNI152_FROM_AVERAGE = (
    (0.9975, -0.0073, 0.0176, -0.0429),
    (0.0146, 1.0009, -0.0024, 1.5496),
    (-0.0130, -0.0093, 0.9971, 1.1840),
)
"""The average cortex lies in another MNI space, MNI305; this is FreeSurfer's map (mni152.register.dat)."""


def read_template() -> Template:
    """Read the template.

    Returns
    -------
    Template
        T1 (brain only) and tissue probabilities in ``mni152``, 1 mm, and the average white surface.

    Raises
    ------
    StorageError
        If the installation lacks the files.

    References
    ----------
    fonov2011, fischl1999, nilearn
    """
    spec = find_spec("nilearn")  # finds its folder without loading the package
    folder = Path(spec.origin).parent / "datasets" / "data" if spec and spec.origin else None
    needed = [_NAME.format(kind="t1"), *(_CORTEX.format(side=side) for side in ("left", "right"))]
    missing = [name for name in needed if folder is None or not (folder / name).is_file()]
    if folder is None or missing:
        raise StorageError.because(
            where=f"template {missing[0]}",
            found="no such file in the nilearn package",
            expected="the data that nilearn 0.12 or later brings along",
            remedy="Install the locked requirements anew.",
        )
    return Template(
        t1=_image(folder, "t1"),
        grey=_share(folder, "gm"),
        white=_share(folder, "wm"),
        white_surface=_average_cortex(folder),
    )


def _image(folder: Path, kind: str) -> Volume:
    return read_volume(folder / _NAME.format(kind=kind), MNI152)


def _share(folder: Path, kind: str) -> Volume:
    """Read a probability, stored as 0 to 255."""
    stored = _image(folder, kind)
    share = stored.values.astype(np.float32) / np.float32(_STORED_MAXIMUM)
    return Volume(values=share, grid=stored.grid, unit="1")


def _average_cortex(folder: Path) -> Surface:
    """Read both average hemispheres as one mesh of two parts."""
    matrix = np.array(_MNI152_FROM_AVERAGE)
    halves = [read_surface(folder / _CORTEX.format(side=side), MNI152) for side in ("left", "right")]
    points = np.concatenate([half.points_mm for half in halves]) @ matrix[:, :3].T + matrix[:, 3]
    second = halves[1].faces + len(halves[0].points_mm)
    return Surface(points_mm=points, faces=np.concatenate([halves[0].faces, second]), frame=MNI152)
