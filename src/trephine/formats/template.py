# SPDX-License-Identifier: Apache-2.0
"""The ICBM152 template as the nilearn package carries it: no download."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from trephine.core.errors import StorageError
from trephine.core.frames import MNI152
from trephine.formats.nifti import read_volume
from trephine.model.template import Template
from trephine.model.volume import Volume

_NAME = "mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz"
_STORED_MAXIMUM = 255.0


def read_template() -> Template:
    """Read the template.

    Returns
    -------
    Template
        T1 (brain only) and tissue probabilities in ``mni152``, 1 mm.

    Raises
    ------
    StorageError
        If the installation lacks the files.

    References
    ----------
    fonov2011, nilearn
    """
    spec = find_spec("nilearn")  # finds its folder without loading the package
    folder = Path(spec.origin).parent / "datasets" / "data" if spec and spec.origin else None
    if folder is None or not (folder / _NAME.format(kind="t1")).is_file():
        raise StorageError.because(
            where=f"template {_NAME.format(kind='t1')}",
            found="no such file in the nilearn package",
            expected="the data that nilearn 0.12 or later brings along",
            remedy="Install the locked requirements anew.",
        )
    return Template(t1=_image(folder, "t1"), grey=_share(folder, "gm"), white=_share(folder, "wm"))


def _image(folder: Path, kind: str) -> Volume:
    return read_volume(folder / _NAME.format(kind=kind), MNI152)


def _share(folder: Path, kind: str) -> Volume:
    """Read a probability, stored as 0 to 255."""
    stored = _image(folder, kind)
    share = stored.values.astype(np.float32) / np.float32(_STORED_MAXIMUM)
    return Volume(values=share, grid=stored.grid, unit="1")
