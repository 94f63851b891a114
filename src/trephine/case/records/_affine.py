# SPDX-License-Identifier: Apache-2.0
"""Affine maps as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from trephine.core.frames import Affine, Frame


def affine_json(affine: Affine) -> dict[str, Any]:
    """Return an affine map as JSON; Python writes as many digits as give the same number back."""
    return {
        "schema_version": 1,
        "target": affine.target,
        "source": affine.source,
        "matrix": affine.matrix.tolist(),
    }


def affine_of(value: dict[str, Any]) -> Affine:
    """Return the affine map that ``affine_json`` wrote."""
    return Affine(
        target=Frame(value["target"]), source=Frame(value["source"]), matrix=np.array(value["matrix"])
    )
