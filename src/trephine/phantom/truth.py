# SPDX-License-Identifier: Apache-2.0
"""Known answers of a digital participant, written beside its scans."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from trephine import __version__
from trephine.core.arrays import AnyArray
from trephine.core.frames import BOLD, MNI152, SCANNER, Affine
from trephine.model.warp import Warp
from trephine.phantom.atrophy import fluid_shares
from trephine.phantom.bold import HandRun
from trephine.phantom.craniotomy import Craniotomy
from trephine.phantom.hand import HandArea
from trephine.phantom.hull import Hull
from trephine.phantom.live_view import STATED_ERROR_UM, Scene
from trephine.phantom.person import Person
from trephine.phantom.settings import Settings
from trephine.phantom.tissues import LABELS, Head, truth_labels
from trephine.phantom.vessels import KIND_NAMES, VesselTree
from trephine.phantom.writing import write_json, write_nifti, write_png, write_tsv

_SULCUS_FROM_MM = 3.0
_SULCUS_TO_MM = 20.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """Everything that is known about one digital participant.

    Parameters
    ----------
    settings, person, head, hull, hands, scene, runs
        What the scans were made from; ``hands`` by hemisphere.
    vessel_mask
        True vessels of the live view, shape (row, column).
    craniotomy
        Earlier operation, if there was one.
    """

    settings: Settings
    person: Person
    head: Head
    hull: Hull
    hands: dict[str, HandArea]
    scene: Scene
    vessel_mask: NDArray[np.bool_]
    runs: tuple[HandRun, ...]
    craniotomy: Craniotomy | None = None


def write_truth(study: Path, truth: Truth) -> Path:
    """Write the known answers under ``derivatives/phantom``.

    Parameters
    ----------
    study
        The BIDS study.
    truth
        What is known.

    Returns
    -------
    Path
        The summary ``sub-<label>_truth.json``, written last.
    """
    root = study / "derivatives" / "phantom"
    prefix = f"sub-{truth.settings.label}"
    folder = root / prefix
    _write_volumes(folder / "anat", prefix, truth)
    _write_pictures(folder / "micr", prefix, truth)
    _write_tree(folder / "anat" / f"{prefix}_desc-vessels_tree.tsv", truth.scene.vessels)
    _write_warp(
        folder / "anat" / f"{prefix}_from-mni152_to-scanner_mode-points_xfm", truth.person.scanner_from_mni
    )
    _write_warp(
        folder / "anat" / f"{prefix}_from-scanner_to-mni152_mode-points_xfm", truth.person.mni_from_scanner
    )
    for number, run in enumerate(truth.runs, start=1):
        _write_motion(folder / "func" / f"{prefix}_task-hand_run-{number}_desc-truth_motion.tsv", run)
    write_json(
        root / "dataset_description.json",
        {
            "Name": "Known answers of digital participants",
            "BIDSVersion": "1.10.0",
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": "trephine phantom", "Version": __version__}],
        },
    )
    summary = folder / f"{prefix}_truth.json"
    write_json(summary, _summary(truth))
    return summary


def _write_volumes(folder: Path, prefix: str, truth: Truth) -> None:
    """Write labels, intracranial space, brain and sulci on the T1's grid."""
    head = truth.head
    labels = truth_labels(head)
    cranium = head.distance_mm["cranium"]
    depth = truth.hull.level_mm - cranium
    fluid = (head.tissue <= 0) & (cranium < 0)
    sulcus = fluid & (depth >= _SULCUS_FROM_MM) & (depth <= _SULCUS_TO_MM)
    brain = (cranium < 0) & (depth > 0) | (head.tissue > 0)
    masks = {
        "desc-truth_mask": head.filled((cranium < 0).astype(np.uint8)),
        "desc-brain_mask": head.filled(brain.astype(np.uint8)),
        "desc-sulcus_mask": head.filled(sulcus.astype(np.uint8)),
    }
    write_nifti(folder / f"{prefix}_desc-truth_dseg.nii.gz", labels, head.grid)
    rows = ((code, name) for name, code in LABELS.items())
    write_tsv(folder / f"{prefix}_desc-truth_dseg.tsv", ("index", "name"), rows)
    for name, mask in masks.items():
        write_nifti(folder / f"{prefix}_{name}.nii.gz", mask, head.grid)


def _write_pictures(folder: Path, prefix: str, truth: Truth) -> None:
    """Write the live view's true masks, 0 or 255, on the picture's own pixels."""
    stem = f"{prefix}_sample-cortex"
    write_png(folder / f"{stem}_desc-vessels_mask.png", np.uint8(255) * truth.vessel_mask.astype(np.uint8))
    write_png(
        folder / f"{stem}_desc-sulcus_mask.png", np.uint8(255) * truth.scene.sulcus_mask.astype(np.uint8)
    )


def _write_tree(path: Path, tree: VesselTree) -> None:
    """Write every vessel node: position in ``scanner``, parent and the segment's radius."""
    rows = (
        (node, parent, f"{x:.4f}", f"{y:.4f}", f"{z:.4f}", f"{radius:.1f}", KIND_NAMES[kind])
        for node, (parent, (x, y, z), radius, kind) in enumerate(
            zip(tree.parent, tree.position_mm, tree.radius_um, tree.kind, strict=True)
        )
    )
    write_tsv(path, ("node", "parent", "x_mm", "y_mm", "z_mm", "radius_um", "kind"), rows)


def _write_warp(stem: Path, warp: Warp) -> None:
    """Write a map of points: its affine part and the displacement to add after it."""
    write_nifti(stem.with_name(stem.name + ".nii.gz"), warp.displacement_mm, warp.grid)
    content = {
        "Source": warp.source,
        "Target": warp.target,
        "Affine": _rows(warp.affine.matrix),
        "Description": "target = A(p) + D(A(p)); D in mm on the grid of DisplacementAffine",
        "DisplacementAffine": _rows(warp.grid.affine_mm),
    }
    write_json(stem.with_name(stem.name + ".json"), content)


def _write_motion(path: Path, run: HandRun) -> None:
    """Write the true head motion of each BOLD volume about the slab's centre, in ``scanner`` axes."""
    names = ("about_x_rad", "about_y_rad", "about_z_rad", "shift_x_mm", "shift_y_mm", "shift_z_mm")
    write_tsv(path, names, (tuple(f"{cell:.6f}" for cell in row) for row in run.motion_mm))


def _summary(truth: Truth) -> dict[str, Any]:
    """Gather the headline truths."""
    person, scene = truth.person, truth.scene
    return {
        "SchemaVersion": 1,
        "Seed": truth.settings.seed,
        "Settings": truth.settings.model_dump(),
        "Traits": asdict(person.traits),
        "Fluid": asdict(fluid_shares(truth.head)),
        "Craniotomy": _operation(person, truth.craniotomy),
        "Hands": {side: _hand(person, hand) for side, hand in truth.hands.items()},
        "HeaderErrors": {
            str(frame): _header_error(truth, affine) for frame, affine in person.scanner_from.items()
        },
        "LiveView": {
            "hemisphere": truth.settings.hemisphere,
            "pixel_um": scene.pixel_um,
            "scanner_from_image_true": _rows(scene.scanner_from_image),
            "scanner_from_image_stated": _rows(scene.stated_scanner_from_image),
            "registration_error_um": STATED_ERROR_UM,
            "sulcus": "pixels over which at least half of the way from 3 to 6 mm below the hull is fluid",
            "vessels": "pixels whose centre is within a radius (at least half a pixel) of a centre line",
            "vessel_area_fraction": float(truth.vessel_mask.mean()),
            "sulcus_area_fraction": float(scene.sulcus_mask.mean()),
        },
        "SulcusMask": f"fluid {_SULCUS_FROM_MM:g} to {_SULCUS_TO_MM:g} mm below the brain's outer hull",
        "Vessels": {
            "nodes": len(scene.vessels.parent),
            "largest_um": float(scene.vessels.radius_um.max()),
            "smallest_um": float(scene.vessels.radius_um.min()),
        },
    }


def _operation(person: Person, craniotomy: Craniotomy | None) -> dict[str, Any] | None:
    """Say where bone was taken out; nothing where none was."""
    if craniotomy is None:
        return None
    centre_mm = person.scanner_from_mni(np.array([craniotomy.centre_mm]), frame=MNI152)[0]
    return {**asdict(craniotomy), "centre_scanner_mm": _row(centre_mm)}


def _hand(person: Person, hand: HandArea) -> dict[str, Any]:
    """Say where one hand area is."""
    mni = person.mni_from_scanner(np.stack([hand.centre_mm, hand.hull_mm]), frame=SCANNER)
    return {
        "hand": "right" if hand.side == "left" else "left",
        "centre_scanner_mm": _row(hand.centre_mm),
        "centre_mni_mm": _row(mni[0]),
        "source_mni_mm": _row(hand.source_mni_mm),
        "hull_scanner_mm": _row(hand.hull_mm),
        "hull_mni_mm": _row(mni[1]),
        "hull_normal_scanner": _row(hand.normal),
    }


def _header_error(truth: Truth, scanner_from_scan: Affine) -> dict[str, Any]:
    """Say how far one scan's header is off."""
    matrix = scanner_from_scan.matrix
    centre = truth.hands[truth.settings.hemisphere].centre_mm
    moved = matrix[:3, :3] @ centre + matrix[:3, 3]
    content: dict[str, Any] = {
        "scanner_from_scan": _rows(matrix),
        "turn_rad": float(Rotation.from_matrix(matrix[:3, :3]).magnitude()),
        "shift_at_hand_mm": float(np.linalg.norm(moved - centre)),
    }
    if scanner_from_scan.source == BOLD:
        content["note"] = "at the first volume; motion after it is in the motion table"
    return content


def _row(vector: AnyArray) -> list[float]:
    """Return numbers for JSON, all digits."""
    return [float(cell) for cell in vector]


def _rows(matrix: AnyArray) -> list[list[float]]:
    """Return a matrix for JSON, all digits."""
    return [_row(row) for row in matrix]
