"""The skull from a T1 alone: inside, bone, thickness, operations and atrophy, against labels and made heads.

``TREPHINE_BENCH_PARTS`` names the parts to run, with commas; all when not set: ``labels`` (the labelled
person), ``none``, ``flap``, ``plate``, ``open`` (digital persons by operation) and ``atrophy``. A head takes
about a minute.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.bench.known_answers import dice
from trephine.bench.row import Row
from trephine.bench.siblings import sibling
from trephine.core.arrays import AnyArray
from trephine.core.frames import SCANNER
from trephine.core.progress import Progress
from trephine.formats.template import read_template
from trephine.model.anatomy import Anatomy, Tissue
from trephine.stages.imaging.checks import MOST_FLUID_FRACTION, fluid_fraction
from trephine.stages.imaging.head import prepare_head
from trephine.stages.imaging.run import anatomy_of
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.skull import Given, find_skull
from trephine.stages.imaging.template_fit import fit_affine, prepare

heads_of = sibling(__file__, "_skull_heads")
PARTS = ("labels", "none", "flap", "plate", "open", "atrophy")
VAULT_FROM_MM = 20.0
NEAR_MM = 15.0
"""A place named within this of an operation's disc is a hit."""
ALONG_MM = np.arange(-18.0, 8.0, 0.25)
REGIONS = ("all", "crown", "front", "sides", "back", "base")


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """What was found on one head: figures by name with unit, and the counts that are summed over a part."""

    figures: dict[str, tuple[float, str, str]]
    constant_error_mm: float
    hits: int
    false_places: int
    is_flagged: bool


def found_on(t1) -> Anatomy:  # noqa: ANN001
    """Run the skull's part of imaging and the tissues, without cortex and vessels."""
    template, settings = read_template(), Settings()
    head, prepared = prepare_head(t1), prepare(template)
    affine = fit_affine(prepared, head.coarse, head.coarse_mask)
    given = Given(head=head, prepared=prepared, affine=affine, template=template)
    return anatomy_of(t1, head, find_skull(given, None, settings), template, settings)


def template_mm(anatomy: Anatomy, mask: AnyArray) -> AnyArray:
    """Return where the voxels of a mask lie in the template, shape (voxel, 3)."""
    return anatomy.mni_from_scanner(anatomy.t1.grid.mm_of(np.argwhere(mask).astype(float)), frame=SCANNER)


def upper(mask: AnyArray, axis: int, *, is_rising: bool) -> AnyArray:
    """Return the upper half of the grid between the ends of a mask, bool."""
    where = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
    result = np.zeros(mask.shape, dtype=bool)
    half = [slice(None)] * 3
    middle = int((where.min() + where.max()) / 2)
    half[axis] = slice(middle, None) if is_rising else slice(None, middle)
    result[tuple(half)] = True
    return result


def regions(place_mm: AnyArray) -> dict[str, AnyArray]:
    """Tell which places of the template belong to which region."""
    y, z = place_mm[:, 1], place_mm[:, 2]
    base, crown = z < 0, z > 45
    between = ~base & ~crown
    front, back = between & (y > 30), between & (y < -65)
    sides = between & ~front & ~back
    everywhere = np.ones(len(z), dtype=bool)
    return dict(zip(REGIONS, (everywhere, crown, front, sides, back, base), strict=True))


def distances_mm(anatomy: Anatomy, found: AnyArray, truth: AnyArray) -> dict[str, float]:
    """Return 95 % of the distance between two borders by region, the larger of both ways."""
    rims = [mask & ~ndimage.binary_erosion(mask) for mask in (found, truth)]
    worst: dict[str, float] = {}
    for rim, other in (rims, rims[::-1]):
        far = ndimage.distance_transform_edt(~other, sampling=anatomy.t1.grid.voxel_mm)[rim]
        for name, part in regions(template_mm(anatomy, rim)).items():
            if part.any():
                worst[name] = max(worst.get(name, 0.0), float(np.percentile(far[part], 95)))
    return worst


def thickness_errors_mm(anatomy: Anatomy, bone: AnyArray) -> tuple[float, float, float]:
    """Return our mean error on the vault, the best constant's, and the share of truths in the interval."""
    surface, skull = anatomy.outer_skull, anatomy.skull
    vault = anatomy.mni_from_scanner(surface.points_mm, frame=SCANNER)[:, 2] > VAULT_FROM_MM
    corner = surface.points_mm[surface.faces]
    face = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal = np.stack(
        [np.bincount(surface.faces.ravel(), np.repeat(part, 3), len(surface.points_mm)) for part in face.T], 1
    )
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    line = surface.points_mm[vault, None] + normal[vault, None] * ALONG_MM[None, :, None]
    ijk = anatomy.t1.grid.ijk_of(line.reshape(-1, 3)).T
    held = ndimage.map_coordinates(bone.astype(np.float32), ijk, order=1).reshape(-1, len(ALONG_MM)) > 0.5
    true_mm = held.sum(axis=1) * float(ALONG_MM[1] - ALONG_MM[0])
    seen = (true_mm > 1) & (true_mm < 16)
    low, ours, high = (part[vault][seen] for part in (skull.low_mm, skull.thickness_mm, skull.high_mm))
    true_mm = true_mm[seen]
    constant = float(np.abs(true_mm - np.median(true_mm)).mean())
    return (
        float(np.abs(ours - true_mm).mean()),
        constant,
        float(((low <= true_mm) & (true_mm <= high)).mean()),
    )


def scored(known) -> Scored:  # noqa: ANN001
    """Score one head."""
    anatomy = found_on(known.t1)
    grid = anatomy.t1.grid
    inside, bone = anatomy.intracranial.values > 0, anatomy.tissue.values == Tissue.SKULL
    axis = int(np.argmax(np.abs(grid.affine_mm[2, :3])))
    half = upper(known.halved, axis, is_rising=grid.affine_mm[2, axis] > 0)
    error_mm, constant_mm, held = thickness_errors_mm(anatomy, known.bone)
    fluid = fluid_fraction(anatomy)
    figures = {"inside of the skull: Dice": (dice(inside, known.inside), "1", "higher")}
    for region, far_mm in distances_mm(anatomy, inside, known.inside).items():
        figures[f"inside of the skull: 95 % distance, {region}"] = (far_mm, "mm", "lower")
    both = [float((mask & half).sum()) * grid.voxel_volume_mm3 / 1000 for mask in (bone, known.bone)]
    figures |= {
        "bone, upper half: Dice": (dice(bone & half, known.bone & half), "1", "higher"),
        "bone, upper half: ours over true volume": (both[0] / both[1], "1", "lower"),
        "thickness on the vault: mean error": (error_mm, "mm", "lower"),
        "thickness on the vault: truth within the interval": (held, "1", "higher"),
        "fluid above the base": (fluid, "1", "lower"),
    }
    if known.fluid_fraction is not None:
        figures["fluid above the base, true"] = (known.fluid_fraction, "1", "lower")
    hits = [
        known.operation_mm is not None
        and float(np.linalg.norm(np.array(each.centre_mm) - known.operation_mm)) < known.radius_mm + NEAR_MM
        for each in anatomy.suspects
    ]
    return Scored(
        figures=figures,
        constant_error_mm=constant_mm,
        hits=int(any(hits)),
        false_places=len(hits) - sum(hits),
        is_flagged=fluid > MOST_FLUID_FRACTION,
    )


def row(work: str, figure: str, ours: float, kind: tuple[str, str], constant_mm: float | None = None) -> Row:
    """Give one figure, beside the best constant where that is the peer."""
    return Row(
        work=work,
        figure=figure,
        unit=kind[0],
        better="higher" if kind[1] == "higher" else "lower",
        ours=round(ours, 4),
        peer=None if constant_mm is None else round(constant_mm, 4),
        peer_name=None if constant_mm is None else "best constant",
        peer_version=None if constant_mm is None else "none",
        note="the best constant is the true median of the same places" if constant_mm is not None else "",
    )


def rows(progress: Progress) -> Iterator[Row]:
    """Give every head's figures, then each part's counts."""
    chosen = os.environ.get("TREPHINE_BENCH_PARTS", ",".join(PARTS)).split(",")
    for place, part in enumerate(chosen):
        every = []
        for known in heads_of.heads(part):
            progress(place, len(chosen), known.name)
            one = scored(known)
            every.append(one)
            for figure, (value, unit, better) in one.figures.items():
                constant_mm = one.constant_error_mm if figure.endswith("mean error") else None
                yield row(known.name, figure, value, (unit, better), constant_mm)
        work = f"{part}: {len(every)} heads"
        if part in ("flap", "plate", "open"):
            yield row(work, "operations found", sum(one.hits for one in every), ("1", "higher"))
        if part != "labels":
            yield row(work, "places named elsewhere", sum(one.false_places for one in every), ("1", "lower"))
        else:
            yield row(work, "places named", sum(one.false_places for one in every), ("1", "higher"))
        better = "higher" if part == "atrophy" else "lower"
        yield row(work, "heads flagged for atrophy", sum(one.is_flagged for one in every), ("1", better))
