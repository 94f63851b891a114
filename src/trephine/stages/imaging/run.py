# SPDX-License-Identifier: Apache-2.0
"""The imaging stage's one entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trephine.core.findings import Finding, Outcome
from trephine.core.progress import Progress, silent
from trephine.kernels.registration.images import Sampled, upright
from trephine.kernels.segmentation.masks import box_of
from trephine.model.anatomy import Anatomy, Angiogram, ImagingResult
from trephine.model.registration import Registration
from trephine.model.scan import Scan, ScanKind
from trephine.model.template import Template
from trephine.model.volume import Volume
from trephine.stages.imaging import checks, surfaces, tissue
from trephine.stages.imaging.cortex import with_cortex
from trephine.stages.imaging.head import Head, distance_onto, moved_affine, onto, prepare_head
from trephine.stages.imaging.operated import suspects
from trephine.stages.imaging.other_scans import Reference, place
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.sinuses import with_sinuses
from trephine.stages.imaging.skull import FoundSkull, Given, find_skull
from trephine.stages.imaging.template_fit import (
    carried,
    fit_affine,
    prepare,
    sampled_of,
)
from trephine.stages.imaging.vessels import find_vessels

_STEPS = 8


def run(
    t1: Volume,
    *,
    others: tuple[Scan, ...],
    template: Template,
    settings: Settings,
    progress: Progress = silent,
) -> Outcome[ImagingResult]:
    """Turn scans of a head into an anatomy.

    Parameters
    ----------
    t1
        Planning T1 of the whole head in ``scanner``, closest to RAS+.
    others
        Further scans, at most one of each kind, each in its own frame.
    template
        Average brain in ``mni152``.
    settings
        How.
    progress
        Told before each step.

    Returns
    -------
    Outcome
        The anatomy, vessels and registrations, with what was noticed.

    Raises
    ------
    InputError
        If the T1 shows no whole head, or is not T1-weighted.
    NumericalError
        If the template cannot be laid on it.
    """
    progress(0, _STEPS, "shading")
    head = prepare_head(t1)
    progress(1, _STEPS, "template, affine")
    prepared = prepare(template)
    affine = fit_affine(prepared, head.coarse, head.coarse_mask)
    progress(2, _STEPS, "other scans")
    reference = Reference.of(head, prepared, affine)
    placed = _Others.of(others, reference, settings)
    progress(3, _STEPS, "inside of the skull")
    skull = find_skull(
        Given(head=head, prepared=prepared, affine=affine, template=template), placed.bone, settings
    )
    progress(5, _STEPS, "tissue")
    anatomy = anatomy_of(t1, head, skull, template, settings)
    progress(6, _STEPS, "cortex")
    anatomy = with_sinuses(with_cortex(anatomy, template))
    progress(7, _STEPS, "vessels")
    vessels = placed.vessels(skull.wall_mm, settings)
    result = ImagingResult(
        anatomy=anatomy,
        angiogram=vessels.value,
        registrations=placed.registrations,
        pictures=placed.pictures,
    )
    findings = (
        placed.findings
        + vessels.findings
        + checks.judge(result, skull.fit.agreeing_starts, skull.fit.finalists)
    )
    progress(_STEPS, _STEPS, "done")
    return Outcome(value=result, findings=findings)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Others:
    """Further scans with their poses; ``trusted`` holds those that may be used."""

    bone: Sampled | None
    trusted: Mapping[ScanKind, tuple[Scan, Registration]]
    registrations: tuple[Registration, ...]
    pictures: Mapping[str, Volume]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, scans: tuple[Scan, ...], reference: Reference, settings: Settings) -> _Others:
        """Register what there is; keep what can be trusted."""
        placed = [(scan, place(scan, reference, settings)) for scan in scans]
        trusted = {
            scan.kind: (scan, item.registration) for scan, item in placed if item.registration.is_trusted
        }
        bone = None
        if ScanKind.CT in trusted:
            ct, pose = trusted[ScanKind.CT]
            grid = ct.volume.grid.moved(pose.scanner_from_moving)
            is_bone = sampled_of(ct.volume).values > settings.bone_hu
            bone = Sampled(values=is_bone, affine_mm=grid.affine_mm)
        return cls(
            bone=bone,
            trusted=trusted,
            registrations=tuple(item.registration for _, item in placed),
            pictures={item.registration.moving: item.picture for _, item in placed},
            findings=tuple(finding for _, item in placed for finding in item.findings),
        )

    def vessels(self, wall_mm: Sampled, settings: Settings) -> Outcome[Angiogram | None]:
        """Label the vessels in every trusted scan that shows them."""
        return find_vessels(tuple(self.trusted.values()), wall_mm, settings)


def anatomy_of(t1: Volume, head: Head, skull: FoundSkull, template: Template, settings: Settings) -> Anatomy:
    """Label the native grid and wrap the surfaces."""
    wall_mm = distance_onto(skull.wall_mm, head.t1)
    intracranial = wall_mm < 0
    box = box_of(intracranial, 4)
    affine_mm = moved_affine(t1.grid.affine_mm, box)
    inside_box = intracranial[box]
    grey, white = (
        carried(sampled_of(image), skull.fit.mni_from_scanner, affine_mm, inside_box.shape)
        for image in (template.grey, template.white)
    )
    inside = tissue.classify(head.t1.values[box], grey, white, inside_box, skull.levels)
    within = (onto(skull.within, head.t1) > 0.5) | intracranial
    voxel_mm = np.array(t1.grid.voxel_mm)
    label = tissue.labelled(head.mask | within, within, intracranial, box, inside)
    depth_mm = np.zeros(t1.grid.shape, dtype=np.float32)
    depth_mm[box] = surfaces.depth_below_hull(
        inside.grey | inside.white, inside_box, voxel_mm, settings.hull_radius_mm
    )
    outer_skull = surfaces.surface_of(skull.within.values, skull.within.affine_mm, name="the outer skull")
    thickness = skull.thickness(outer_skull)
    outer = Sampled(values=(head.mask | within).astype(np.float32), affine_mm=t1.grid.affine_mm)
    skin = upright(outer, 2.0)
    return Anatomy(
        t1=Volume(values=head.t1.values, grid=t1.grid, unit="arbitrary"),
        tissue=Volume(values=label, grid=t1.grid, unit="label"),
        intracranial=Volume(values=intracranial.astype(np.uint8), grid=t1.grid, unit="label"),
        sulcal_depth_mm=Volume(values=depth_mm, grid=t1.grid, unit="mm"),
        cortex=surfaces.surface_of(inside.tissue_fraction, affine_mm, name="the cortex"),
        outer_skull=outer_skull,
        skull=thickness,
        suspects=suspects(
            outer_skull,
            thickness,
            skull.fit.mni_from_scanner,
            table_fraction=skull.outer_table_fraction(outer_skull),
        ),
        scalp=surfaces.surface_of(skin.values, skin.affine_mm, name="the scalp"),
        mni_from_scanner=skull.fit.mni_from_scanner,
        scanner_from_mni=skull.fit.scanner_from_mni,
        has_ct=skull.has_ct,
    )
