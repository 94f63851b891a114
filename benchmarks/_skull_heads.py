"""Heads whose skull is known: digital persons, some operated on or with atrophy, and a labelled person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from trephine.bench.data import needed_data
from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.core.frames import MNI152, SCANNER
from trephine.formats.nifti import read_volume
from trephine.model.volume import Grid, Volume
from trephine.phantom.atrophy import fluid_shares, shrunken
from trephine.phantom.craniotomy import Craniotomy, draw_craniotomy, operated_on
from trephine.phantom.headshape import build_head_fields
from trephine.phantom.hull import build_hull
from trephine.phantom.mri import scan_t1, t1_signal
from trephine.phantom.person import Person, draw_person
from trephine.phantom.raster import blood_share
from trephine.phantom.template import load_template_brain
from trephine.phantom.tissues import LABELS, Head, build_head, truth_labels
from trephine.phantom.vessels import VesselTree, grow_large_vessels

Kind = Literal["none", "flap", "plate", "open"]
VOXEL_MM = 1.0
USUAL_SEEDS, OPERATED_SEEDS, SHRUNKEN_SEEDS = (1, 2, 5, 7), (11, 12, 13), (11, 12)
ATROPHY_MM = (0.3, 0.6)
LEAST_VESSEL_UM = 500.0


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownHead:
    """A planning T1 and what is true of it.

    Parameters
    ----------
    name
        For the rows.
    t1
        Whole head.
    inside, bone
        Inside of the skull and its bone, on the T1's grid.
    halved
        Mask whose middle height begins the upper half.
    operation_mm, radius_mm
        Where bone was taken out, ``scanner``, and how wide; absent without an operation.
    fluid_fraction
        True share of fluid above the base; absent where it is not known.
    """

    name: str
    t1: Volume
    inside: AnyArray
    bone: AnyArray
    halved: AnyArray
    operation_mm: Points | None = None
    radius_mm: float = 0.0
    fluid_fraction: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """A digital person before any scan, as ``trephine phantom`` builds it."""

    person: Person
    head: Head
    vessels: VesselTree
    craniotomy: Craniotomy | None

    def t1_signal(self) -> AnyArray:
        """Return the noise-free T1, shape (i, j, k)."""
        shown = blood_share(self.vessels, self.head.grid, LEAST_VESSEL_UM)
        return t1_signal(self.person, self.head, shown)


def body_of(seed: int, kind: Kind = "none", atrophy_mm: float = 0.0) -> Body:
    """Build a digital person, perhaps operated on or with a shrunken brain."""
    person = draw_person(seed, VOXEL_MM)
    traits, size = person.traits, person.size_fraction
    brain = shrunken(load_template_brain(traits.sulcus_gain_fraction), atrophy_mm / size)
    fluid_mm = traits.csf_mm / size
    fields = build_head_fields(
        brain, skull_mm=traits.skull_mm / size, scalp_mm=traits.scalp_mm / size, csf_mm=fluid_mm
    )
    head = build_head(person, brain, fields)
    craniotomy = None if kind == "none" else draw_craniotomy(person, fields, kind)
    if craniotomy is not None:
        head = operated_on(head, craniotomy)
    vessels = grow_large_vessels(person, build_hull(brain, fields, fluid_mm))
    return Body(person=person, head=head, vessels=vessels, craniotomy=craniotomy)


def made(seed: int, kind: Kind = "none", atrophy_mm: float = 0.0) -> KnownHead:
    """Scan the T1 of a digital person, and keep its truth."""
    body = body_of(seed, kind, atrophy_mm)
    person, head, craniotomy = body.person, body.head, body.craniotomy
    values = scan_t1(person, body.t1_signal(), head.grid).astype(np.float32)
    centre_mm = None
    if craniotomy is not None:
        centre_mm = person.scanner_from_mni(np.array([craniotomy.centre_mm]), frame=MNI152)[0]
    words = {"none": "", "open": ", no bone"}.get(kind, f", {kind}")
    lost = f", atrophy of {atrophy_mm} mm" if atrophy_mm else ""
    inside = head.filled(head.distance_mm["cranium"] < 0)
    return KnownHead(
        name=f"digital person, seed {seed}, {VOXEL_MM:g} mm, T1 alone{words}{lost}",
        t1=Volume(values=values, grid=head.grid, unit="arbitrary"),
        inside=inside,
        halved=inside,
        bone=truth_labels(head) == LABELS["skull"],
        operation_mm=centre_mm,
        radius_mm=0.0 if craniotomy is None else craniotomy.radius_mm * person.size_fraction,
        fluid_fraction=fluid_shares(head).above_base_fraction,
    )


def labelled() -> KnownHead:
    """Read the person with a craniotomy whose brain and skull somebody labelled."""
    folder = needed_data("imaging/skull-labels")
    t1 = read_volume(folder / "T1w.nii.gz", SCANNER)
    bone = _nrrd_on(folder / "skull.nrrd", t1.grid)
    return KnownHead(
        name="labelled person with a craniotomy",
        t1=t1,
        inside=_nrrd_on(folder / "brain.nrrd", t1.grid),
        bone=bone,
        halved=bone,
    )


def _nrrd_on(path: Path, grid: Grid) -> AnyArray:
    """Look a mask of another axis order up on a grid of the same world (NRRD is LPS)."""
    image = sitk.ReadImage(str(path))
    affine_mm = np.eye(4)
    affine_mm[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    affine_mm[:3, 3] = image.GetOrigin()
    affine_mm = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_mm
    between = np.linalg.inv(affine_mm) @ grid.affine_mm
    values = sitk.GetArrayFromImage(image).transpose(2, 1, 0)
    there = ndimage.affine_transform(
        values, between[:3, :3], between[:3, 3], output_shape=grid.shape, order=0
    )
    return np.asarray(there > 0)


def heads(part: str) -> Iterator[KnownHead]:
    """Yield the heads of a part of the benchmark, one after another."""
    if part == "labels":
        yield labelled()
    elif part == "none":
        yield from (made(seed) for seed in USUAL_SEEDS)
    elif part == "atrophy":
        yield from (made(seed, "none", lost_mm) for seed in SHRUNKEN_SEEDS for lost_mm in ATROPHY_MM)
    elif part in ("flap", "plate", "open"):
        yield from (made(seed, part) for seed in OPERATED_SEEDS)
    else:
        raise InputError.because(
            where="TREPHINE_BENCH_PARTS",
            found=f"{part!r}",
            expected="labels, none, flap, plate, open or atrophy",
            remedy="Name parts of this benchmark, with commas.",
        )
