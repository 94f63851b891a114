# SPDX-License-Identifier: Apache-2.0
"""Where every electrode is, as the ``probeinterface`` package of electrophysiology reads it.

One probe, one shank a thread, in micrometres; the positions are RAS+ in ``scanner`` and a note in the file
says so. Every electrode has one name for good, from plan to decoder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import FormatError
from trephine.core.units import UM_PER_MM
from trephine.formats.text import read_json_object
from trephine.model.thread_plan import Thread, ThreadPlan, electrode_name

VERSION: Final = "0.2.21"
"""Version of the package whose layout is written."""
_SIZE_NOTE = "contact size is not known: a disc as wide as the thread stands for it"


def probe_bytes(plan: ThreadPlan) -> bytes:
    """Write the planned electrodes as the bytes of a probeinterface JSON file.

    Parameters
    ----------
    plan
        Electrodes in ``scanner``.

    Returns
    -------
    bytes
        A probe group of one probe; its contact ids are those of ``electrode_name``.
    """
    axes, names, shanks, places = [], [], [], []
    for thread in plan.threads:
        plane = _plane(thread).tolist()
        for index, place in enumerate(thread.electrodes_mm, start=1):
            places.append([value * UM_PER_MM for value in place])
            axes.append(plane)
            names.append(electrode_name(thread, index))
            shanks.append(str(thread.number))
    probe: dict[str, Any] = {
        "ndim": 3,
        "si_units": "um",
        "annotations": {
            "name": plan.device,
            "manufacturer": "",
            "coordinate_system": "RAS+ of the planning T1 (scanner)",
            "status": "planned",
            "note": _SIZE_NOTE,
        },
        "contact_annotations": {},
        "contact_positions": places,
        "contact_plane_axes": axes,
        "contact_shapes": ["circle"] * len(names),
        "contact_shape_params": [{"radius": (plan.thread_width_um or 0.0) / 2}] * len(names),
        "contact_ids": names,
        "shank_ids": shanks,
    }
    document = {"specification": "probeinterface", "version": VERSION, "probes": [probe]}
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()


def read_probe(path: Path) -> dict[str, Points]:
    """Read electrode positions back.

    Parameters
    ----------
    path
        A probeinterface JSON file in three dimensions and micrometres.

    Returns
    -------
    dict
        Contact id to its position in mm, shape (3,), in the frame of the file.

    Raises
    ------
    FormatError
        If it is none, or its contacts are not named once each.
    """
    document = read_json_object(path)
    probes = document.get("probes")
    if document.get("specification") != "probeinterface" or not isinstance(probes, list):
        raise _refused(
            path, f"specification {document.get('specification')!r}", "probeinterface, with probes"
        )
    found: dict[str, Points] = {}
    for probe in probes:
        if probe.get("ndim") != 3 or probe.get("si_units") != "um":
            raise _refused(path, f"{probe.get('ndim')} dimensions in {probe.get('si_units')!r}", "3 in 'um'")
        names, places = probe.get("contact_ids") or [], probe.get("contact_positions") or []
        if len(names) != len(places) or len(set(names) | found.keys()) != len(names) + len(found):
            raise _refused(path, f"{len(set(names))} names for {len(places)} contacts", "one name for each")
        found |= {
            name: np.array(place, dtype=np.float64) / UM_PER_MM
            for name, place in zip(names, places, strict=True)
        }
    return found


def _plane(thread: Thread) -> AnyArray:
    """Return two unit vectors that span the thread's plane: along it, and across, shape (2, 3)."""
    along = np.subtract(thread.tip_mm, thread.entry_mm)
    along = along / np.linalg.norm(along)
    across = np.cross(along, np.eye(3)[np.abs(along).argmin()])
    return np.stack([along, across / np.linalg.norm(across)])


def _refused(path: Path, found: str, expected: str) -> FormatError:
    return FormatError.because(
        where=str(path), found=found, expected=expected, remedy="Export the probe group again."
    )
