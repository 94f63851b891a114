"""Every real person's scans on every real person's T1: is the right head used and every other one refused?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trephine.bench.data import needed_data
from trephine.core.frames import SCANNER
from trephine.core.progress import Progress, silent
from trephine.formats.bids import read_participant_files
from trephine.formats.inputs import read_task_runs
from trephine.formats.nifti import read_volume
from trephine.formats.template import read_template
from trephine.model.scan import Scan, ScanKind
from trephine.model.volume import Volume
from trephine.stages.imaging.head import prepare_head
from trephine.stages.imaging.other_scans import Reference, place
from trephine.stages.imaging.run import run
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.template_fit import fit_affine
from trephine.stages.imaging.template_fit import prepare as prepare_template
from trephine.stages.mapping.bold_to_t1 import grey_white_boundary
from trephine.stages.mapping.bold_to_t1 import place as place_bold
from trephine.stages.mapping.preparation import PreparedRun, prepare
from trephine.stages.mapping.settings import Settings as MappingSettings

HAND, CHRIS, SKULL = "bids-hand", "chris", "skull-labels"
SCANS = {
    f"T1 of {HAND}": (HAND, "imaging/bids-hand/sub-01/anat/sub-01_T1w.nii.gz", ScanKind.T2W),
    f"T1 of {CHRIS}": (CHRIS, "imaging/chris/chris_t1.nii.gz", ScanKind.T2W),
    f"PD of {CHRIS}": (CHRIS, "imaging/chris/chris_PD.nii.gz", ScanKind.PDW),
    f"T1 of {SKULL}": (SKULL, "imaging/skull-labels/T1w.nii.gz", ScanKind.T2W),
    "average CT": ("nobody", "imaging/ct/scct_mni_2mm.nii", ScanKind.CT),
}
"""Whose scan, its file, and the kind it is said to be: a T1 of a stranger comes in as a T2."""
BOLD_CODES = {
    "trusted": (),
    "doubtful": ("BOLD_REGISTRATION_DOUBTFUL",),
    "failed": ("BOLD_REGISTRATION_FAILED",),
}
PLANNED = {HAND: f"T1 of {HAND}", CHRIS: f"T1 of {CHRIS}", SKULL: f"T1 of {SKULL}"}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One scan on one T1, what was said of it, and the figures that it was said for."""

    shown: str
    planned: str
    is_same: bool
    is_used: bool
    codes: tuple[str, ...]
    figures: dict[str, float]

    @property
    def answer(self) -> str:
        """The findings' codes, or that there are none."""
        return f"{'used' if self.is_used else 'not used'}, {', '.join(self.codes) or 'no finding'}"


def pairs(progress: Progress) -> Iterator[Pair]:
    """Lay every scan on every person's T1; a T1 on itself is left out."""
    bold = hand_bold()
    for number, (person, name) in enumerate(PLANNED.items()):
        t1 = volume_of(name, ScanKind.T2W)
        progress(number, len(PLANNED), f"scans on the {name}")
        head, template = prepare_head(t1), prepare_template(read_template())
        reference = Reference.of(head, template, fit_affine(template, head.coarse, head.coarse_mask))
        for shown in SCANS:
            if shown != name:
                yield still_pair(shown, person, reference)
        progress(number, len(PLANNED), f"BOLD of {HAND} on the {name}")
        yield bold_pair(bold, person, t1)


def volume_of(name: str, kind: ScanKind, *, is_planned: bool = True) -> Volume:
    """Read a scan as a planning T1, or as a scan of a kind."""
    path = Path(SCANS[name][1])
    return read_volume(needed_data(str(path.parent)) / path.name, SCANNER if is_planned else kind.frame)


def still_pair(shown: str, person: str, reference: Reference) -> Pair:
    """Lay a scan on a T1."""
    owner, _, kind = SCANS[shown]
    placed = place(Scan(kind=kind, volume=volume_of(shown, kind, is_planned=False)), reference, Settings())
    found = placed.registration
    figures = {
        "least difference of shape, mm": found.difference_low_mm,
        "largest difference of shape, mm": found.difference_high_mm,
        "stretch": found.stretch_fraction,
        "bound of the mean error, mm": found.mean_error_95_mm,
        "blocks": found.blocks,
    }
    return Pair(
        shown=shown,
        planned=person,
        is_same=owner == person,
        is_used=found.is_trusted,
        codes=tuple(finding.code for finding in placed.findings),
        figures={name: value for name, value in figures.items() if value is not None},
    )


def hand_bold() -> PreparedRun:
    """Correct the real run for motion once."""
    files = read_participant_files(needed_data("imaging/bids-hand"), "01")
    return prepare(read_task_runs(files)[0], MappingSettings(), silent)


def bold_pair(bold: PreparedRun, person: str, t1: Volume) -> Pair:
    """Lay the BOLD run on a person's T1, which is segmented for it."""
    anatomy = run(t1, others=(), template=read_template(), settings=Settings()).value.anatomy
    placed = place_bold(bold, anatomy, grey_white_boundary(anatomy), MappingSettings())
    return Pair(
        shown=f"BOLD of {HAND}",
        planned=person,
        is_same=person == HAND,
        is_used=placed.trust != "failed",
        codes=BOLD_CODES[placed.trust],
        figures={
            "share of the boundary that fits": placed.boundary_fraction,
            "share lost 8 mm beside": placed.boundary_drop_fraction,
        },
    )
