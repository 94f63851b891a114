# SPDX-License-Identifier: Apache-2.0
"""Vessels seen before surgery."""

from __future__ import annotations

from typing import Any

import numpy as np

from trephine.case.records._images import get_volume, put_volume
from trephine.case.records._table import tsv_bytes
from trephine.case.store import Case, Writer
from trephine.core.frames import SCANNER
from trephine.model.anatomy import Angiogram
from trephine.model.scan import ScanKind
from trephine.model.vessels import Detectability, VesselScan, VesselTree

_COLUMNS = ("branch", "first_node", "last_node", "scan", "x_mm", "y_mm", "z_mm", "radius_mm")


def write(angiogram: Angiogram, writer: Writer) -> None:
    """Lay the vessels and what is known of their scans ready."""
    put_volume(writer, "vessels", angiogram.vessels)
    for scan in angiogram.scans:
        put_volume(writer, "vessel_probability", scan.probability, scan=str(scan.kind))
    writer.put("vessel_tree", tsv_bytes(_COLUMNS, _rows(angiogram)))
    figures = {
        "schema_version": 2,
        "smallest_diameter_mm": angiogram.smallest_diameter_mm,
        "registration_error_mm": angiogram.registration_error_mm,
        "loop_count": angiogram.tree.loop_count,
        "branch_count": angiogram.tree.branch_count,
        "scans": [_scan_fields(scan) for scan in angiogram.scans],
    }
    writer.put_json("angiogram_record", figures)


def _rows(angiogram: Angiogram) -> list[tuple[str | int, ...]]:
    tree = angiogram.tree
    names = [str(scan.kind) for scan in angiogram.scans]
    return [
        (
            int(branch),
            int(tree.edges[branch, 0]),
            int(tree.edges[branch, 1]),
            names[tree.scan[branch]],
            *(f"{cell:.4f}" for cell in point),
            f"{radius:.4f}",
        )
        for branch, point, radius in zip(tree.branch, tree.points_mm, tree.radius_mm, strict=True)
    ]


def _scan_fields(scan: VesselScan) -> dict[str, Any]:
    curve = scan.detectability
    return {
        "kind": str(scan.kind),
        "smallest_diameter_mm": scan.smallest_diameter_mm,
        "is_limit_known": scan.is_limit_known,
        "registration_error_mm": scan.registration_error_mm,
        "is_cut": scan.is_cut,
        "diameter_mm": None if curve is None else curve.diameter_mm.tolist(),
        "recall_fraction": None if curve is None else curve.recall_fraction.tolist(),
    }


def read(case: Case) -> Angiogram | None:
    """Read the vessels back; ``None`` when the person has no angiogram."""
    if not case.has("angiogram_record"):
        return None
    figures = case.read_json("angiogram_record")
    scans = tuple(_scan(case, fields) for fields in figures["scans"])
    return Angiogram(
        vessels=get_volume(case, "vessels"),
        smallest_diameter_mm=figures["smallest_diameter_mm"],
        registration_error_mm=figures["registration_error_mm"],
        tree=_tree(case, [str(scan.kind) for scan in scans], figures),
        scans=scans,
    )


def _scan(case: Case, fields: dict[str, Any]) -> VesselScan:
    curve = None
    if fields["diameter_mm"] is not None:
        curve = Detectability(
            diameter_mm=np.array(fields["diameter_mm"]), recall_fraction=np.array(fields["recall_fraction"])
        )
    return VesselScan(
        kind=ScanKind(fields["kind"]),
        probability=get_volume(case, "vessel_probability", scan=fields["kind"]),
        detectability=curve,
        smallest_diameter_mm=fields["smallest_diameter_mm"],
        is_limit_known=fields["is_limit_known"],
        registration_error_mm=fields["registration_error_mm"],
        is_cut=fields["is_cut"],
    )


def _tree(case: Case, names: list[str], figures: dict[str, Any]) -> VesselTree:
    lines = case.read_bytes("vessel_tree").decode().splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    count = int(figures["branch_count"])
    branch = np.array([int(row[0]) for row in cells], dtype=np.int64)
    edges, scan = np.zeros((count, 2), dtype=np.int64), np.zeros(count, dtype=np.int64)
    for row in cells:
        edges[int(row[0])] = int(row[1]), int(row[2])
        scan[int(row[0])] = names.index(row[3])
    numbers = np.array([[float(cell) for cell in row[4:]] for row in cells]).reshape(-1, 4)
    return VesselTree(
        points_mm=numbers[:, :3],
        radius_mm=numbers[:, 3],
        branch=branch,
        edges=edges,
        scan=scan,
        loop_count=int(figures["loop_count"]),
        frame=SCANNER,
    )
