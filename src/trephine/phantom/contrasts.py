# SPDX-License-Identifier: Apache-2.0
"""Further contrasts of a digital head: T2-, proton-density- and susceptibility-weighted, for registration."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trephine.model.scan import ScanKind
from trephine.phantom.mri import compose, hounsfield
from trephine.phantom.person import Person
from trephine.phantom.tissues import Head

# Signal against white matter, then grey matter; assumed from typical images at 3 T.
_T2 = {
    "air": 0.0, "skin": 0.7, "fat": 1.5, "galea": 0.5, "muscle": 0.55, "cortical": 0.06, "marrow": 0.9,
    "csf": 3.2, "eye": 3.3, "lens": 0.5, "cord": 1.0, "blood": 0.2,
}  # fmt: skip
_PD = {
    "air": 0.0, "skin": 0.9, "fat": 1.25, "galea": 0.8, "muscle": 0.95, "cortical": 0.15, "marrow": 0.9,
    "csf": 1.35, "eye": 1.35, "lens": 0.8, "cord": 1.0, "blood": 0.9,
}  # fmt: skip
_SWI = {
    "air": 0.0, "skin": 0.6, "fat": 0.7, "galea": 0.6, "muscle": 0.6, "cortical": 0.03, "marrow": 0.25,
    "csf": 1.25, "eye": 1.25, "lens": 0.6, "cord": 1.0, "blood": 0.3,
}  # fmt: skip
_MAGNETIC = MappingProxyType(
    {ScanKind.T2W: (_T2, 1.55), ScanKind.PDW: (_PD, 1.18), ScanKind.SWI: (_SWI, 1.06)}
)
KINDS = (*_MAGNETIC, ScanKind.CT)


def contrast_of(person: Person, head: Head, kind: ScanKind) -> NDArray[np.float32]:
    """Return a noise-free contrast of a head without vessels, on the planning T1's grid, shape (i, j, k).

    Parameters
    ----------
    person, head
        Who, and the sampled head.
    kind
        One of ``KINDS``.

    Returns
    -------
    numpy.ndarray
        1 is white matter; of a CT, Hounsfield units.
    """
    if kind is ScanKind.CT:
        return hounsfield(person, head)
    value, grey = _MAGNETIC[kind]
    filled: NDArray[np.float32] = head.filled(compose(person, head, value, grey, 1.0))
    return filled
