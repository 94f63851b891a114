# SPDX-License-Identifier: Apache-2.0
"""Plan the import of NIfTI files: a folder of them, or one person of a BIDS study."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from trephine.core.errors import InputError
from trephine.core.frames import SCANNER
from trephine.formats.dicom.kind import Kind
from trephine.formats.dicom.sidecar import allowed
from trephine.formats.nifti import read_values, read_volume
from trephine.formats.nifti_content import read_image
from trephine.formats.nifti_geometry import checked_affine
from trephine.formats.text import read_json_object
from trephine.pipeline.intake.request import Line, Request
from trephine.pipeline.intake.scan import ASIDE, IMPORT, REFUSED, Planned, Scan

_ENDINGS = (".nii", ".nii.gz")
_SUFFIXES = {
    "t1w": Kind.T1W,
    "t2w": Kind.T2W,
    "pdw": Kind.PDW,
    "swi": Kind.SWI,
    "angio": Kind.ANGIO,
    "ct": Kind.CT,
    "bold": Kind.BOLD,
}
_VOLUMES = {True: "a series over time", False: "one volume"}


def nifti_files(folder: Path, label: str) -> list[Path]:
    """Find the NIfTI files of a folder; of a BIDS study only those of the person.

    Parameters
    ----------
    folder
        Searched with all its folders, derivatives left out.
    label
        The person's label; in a study without that person, its only person is taken.

    Returns
    -------
    list of Path
        By name.

    Raises
    ------
    InputError
        If the study has several persons, none of them of that label.
    """
    persons = sorted(path for path in folder.glob("sub-*") if path.is_dir())
    if len(persons) > 1 and folder / f"sub-{label}" not in persons:
        raise InputError.because(
            where=str(folder),
            found=f"{len(persons)} persons ({', '.join(path.name for path in persons[:8])})",
            expected=f"one person, or sub-{label} among them",
            remedy="Name the folder of the person to import.",
        )
    if persons:
        folder = folder / f"sub-{label}" if folder / f"sub-{label}" in persons else persons[0]
    return sorted(
        path
        for path in folder.rglob("*.nii*")
        if path.name.endswith(_ENDINGS) and "derivatives" not in path.relative_to(folder).parts
    )


def plan_nifti(paths: list[Path], request: Request) -> list[Planned]:
    """Sort NIfTI files into lines of the table."""
    return [_planned(number, path, request) for number, path in enumerate(paths, start=1)]


def kind_of_name(name: str) -> Kind:
    """Read the kind from a name that ends as BIDS names do, such as ``…_T1w.nii.gz``."""
    stem = re.sub(r"\.nii(\.gz)?$", "", name)
    suffix = re.split(r"[_\W]", stem)[-1].lower()
    kind = _SUFFIXES.get(suffix, Kind.UNKNOWN)
    if kind is Kind.T1W and re.search(r"(^|_)ce-", stem):
        return Kind.CE_T1W
    if kind is Kind.CT and re.search(r"(^|_)(acq-angio|ce-[A-Za-z0-9]+)(_|$)", stem):
        return Kind.CTA
    return kind


def _planned(number: int, path: Path, request: Request) -> Planned:
    wish = request.wishes.get(number)
    kind = wish.kind if wish else kind_of_name(path.name)
    reason = "as told" if wish else "its name" if kind is not Kind.UNKNOWN else "a name that says no kind"
    fate = ASIDE if kind is Kind.UNKNOWN or number in request.skipped else IMPORT
    if number in request.skipped:
        reason = "skipped as asked"
    shape: tuple[int, ...] = ()
    voxel, refusal = "unknown", ""
    if fate == IMPORT:
        try:
            shape, voxel = _looked_at(path, kind)
        except InputError as error:
            refusal, fate, reason = str(error), REFUSED, str(error)
    line = Line(
        number=number, scanner_number="", words="", slices=shape[2] if shape else 0,
        volumes=shape[3] if len(shape) > 3 else 1, voxel_mm=voxel, kind=kind, reason=reason, fate=fate,
    )  # fmt: skip
    task = re.search(r"_task-([A-Za-z0-9]+)_", path.name)
    said = (wish.task if wish else None) or request.task or (task[1] if task else None)
    return Planned(
        line=line,
        task=said,
        refusal=refusal,
        load=lambda _: _scan(path, kind),
        events_of=_events_beside(path),
    )


def _looked_at(path: Path, kind: Kind) -> tuple[tuple[int, ...], str]:
    """Check geometry and shape."""
    image = read_image(path)
    checked_affine(path, image, is_own_result=False)
    shape = tuple(int(length) for length in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    is_series = kind is Kind.BOLD
    if len(shape) != (4 if is_series else 3):
        raise InputError.because(
            where=path.name,
            found=f"an image of shape {shape}",
            expected=_VOLUMES[is_series],
            remedy="Say what it is by --series NUMBER=KIND, or leave it out by --skip NUMBER.",
        )
    zooms = image.header.get_zooms()[:3]
    return shape, " x ".join(f"{float(edge):.3g}" for edge in zooms)


def _scan(path: Path, kind: Kind) -> Scan:
    sidecar = allowed(_sidecar_beside(path))
    if kind is not Kind.BOLD:
        if kind in (Kind.CT, Kind.CTA):
            sidecar["Units"] = "HU"
        volume = read_volume(path, SCANNER)
        return Scan(values=volume.values, affine_mm=volume.grid.affine_mm, sidecar=sidecar)
    image = read_image(path)
    step_s = float(image.header.get_zooms()[3])
    if "RepetitionTime" not in sidecar and step_s > 0 and image.header.get_xyzt_units()[1] == "sec":
        sidecar["RepetitionTime"] = round(step_s, 6)
    series = read_values(path, image)
    return Scan(
        values=series.reshape(series.shape[:4]),
        affine_mm=checked_affine(path, image, is_own_result=False),
        sidecar=sidecar,
    )


def _stem(path: Path) -> str:
    return re.sub(r"\.nii(\.gz)?$", "", path.name)


def _sidecar_beside(path: Path) -> dict[str, Any]:
    """Read the JSON beside an image, and those above it that BIDS lets it inherit from."""
    fields: dict[str, Any] = {}
    suffix = _stem(path).rpartition("_")[2]
    above = [level / f"*_{suffix}.json" for level in reversed(list(path.parents)[1:4])]
    for pattern in above:
        for found in sorted(pattern.parent.glob(pattern.name)) if pattern.parent.is_dir() else []:
            if set(found.stem.split("_")) <= set(_stem(path).split("_")):
                fields |= read_json_object(found)
    own = path.with_name(_stem(path) + ".json")
    return fields | (read_json_object(own) if own.is_file() else {})


def _events_beside(path: Path) -> Path | None:
    events = path.with_name(re.sub(r"_bold$", "", _stem(path)) + "_events.tsv")
    return events if events.is_file() else None
