# SPDX-License-Identifier: Apache-2.0
"""Take the faces away from the scans on their way into the study."""

from __future__ import annotations

from dataclasses import replace

from trephine.core.errors import InputError
from trephine.core.frames import Frame
from trephine.core.progress import Progress
from trephine.formats.dicom.kind import Kind
from trephine.formats.template import read_template
from trephine.model.volume import Grid, Volume
from trephine.pipeline.intake.scan import Planned, Scan
from trephine.stages.intake.run import HeadScan, run

KEPT = "kept as asked"
NOT_SHOWN = "not looked for: a BOLD run shows none"


def without_faces(
    wanted: list[Planned], scans: list[Scan], *, keeps_face: bool, progress: Progress
) -> tuple[list[Scan], list[str]]:
    """Take faces away, or say that they are kept.

    Parameters
    ----------
    wanted, scans
        Lines and their images.
    keeps_face
        Whether faces stay.
    progress
        Told before each scan.

    Returns
    -------
    list of Scan
        In the same order.
    list of str
        What was done to each.

    Raises
    ------
    InputError
        If a face cannot be found with trust.
    """
    heads = [index for index, one in enumerate(wanted) if one.kind is not Kind.BOLD]
    said = [NOT_SHOWN] * len(wanted)
    result = list(scans)
    if keeps_face:
        for index in heads:
            said[index] = KEPT
        return result, said
    found = run(
        tuple(_head_scan(wanted[index], scans[index]) for index in heads), read_template(), progress=progress
    )
    doubts = [
        f"series {wanted[index].line.number}: {one.doubt}"
        for index, one in zip(heads, found, strict=True)
        if one.doubt
    ]
    if doubts:
        raise InputError.because(
            where="; ".join(doubts),
            found="a scan whose face cannot be found with trust",
            expected="a whole head",
            remedy="Leave the scan out with --skip NUMBER, or keep all faces with --keep-face if you may.",
        )
    for index, one in zip(heads, found, strict=True):
        result[index] = replace(scans[index], values=one.volume.values)
        said[index] = one.said
    return result, said


def _head_scan(one: Planned, scan: Scan) -> HeadScan:
    shape = scan.values.shape
    grid = Grid(shape=(shape[0], shape[1], shape[2]), affine_mm=scan.affine_mm, frame=Frame("imported"))
    is_hounsfield = one.kind in (Kind.CT, Kind.CTA)
    return HeadScan(
        volume=Volume(values=scan.values, grid=grid, unit="HU" if is_hounsfield else "arbitrary"),
        is_hounsfield=is_hounsfield,
        is_anatomical_t1=one.kind is Kind.T1W,
        shares=one.frame_of_reference,
    )
