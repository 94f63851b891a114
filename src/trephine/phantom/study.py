# SPDX-License-Identifier: Apache-2.0
"""One digital participant written as a BIDS study with its known answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trephine import __version__
from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError
from trephine.core.frames import ANGIO, CT, SCANNER
from trephine.core.progress import Progress, silent
from trephine.phantom.angiography import scan_angiography, scan_grid
from trephine.phantom.atrophy import shrunken
from trephine.phantom.bold import REPETITION_TIME_S, HandRun, scan_hand_run
from trephine.phantom.craniotomy import Craniotomy, draw_craniotomy, operated_on
from trephine.phantom.hand import HandArea, find_hand_area
from trephine.phantom.headshape import build_head_fields
from trephine.phantom.hull import Hull, build_hull
from trephine.phantom.live_view import STATED_ERROR_UM, Scene, build_scene
from trephine.phantom.microscope import photograph
from trephine.phantom.mri import hounsfield, scan_ct, scan_t1, t1_signal
from trephine.phantom.person import Person, draw_person
from trephine.phantom.raster import blood_share
from trephine.phantom.settings import Settings
from trephine.phantom.template import load_template_brain
from trephine.phantom.tissues import Head, build_head
from trephine.phantom.truth import Truth, write_truth
from trephine.phantom.vessels import VesselTree, grow_large_vessels
from trephine.phantom.writing import write_bytes, write_json, write_nifti, write_png, write_tsv

_SMALLEST_IN_T1_UM = 500.0
_STEPS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class _Body:
    """A person with everything that the scans look at."""

    settings: Settings
    person: Person
    head: Head
    hull: Hull
    hands: dict[str, HandArea]
    large: VesselTree
    craniotomy: Craniotomy | None
    folder: Path

    @property
    def prefix(self) -> str:
        """Start of every file name."""
        return f"sub-{self.settings.label}"


def make_study(out: Path, settings: Settings | None = None, *, progress: Progress = silent) -> Path:
    """Make a digital participant and write its scans and known answers.

    Parameters
    ----------
    out
        Study folder; made when absent. Other participants in it are left alone.
    settings
        Seed, resolution, label and side; the defaults when absent.
    progress
        Told before each scan.

    Returns
    -------
    Path
        The study folder.

    Raises
    ------
    InputError
        If the participant is already there.
    StorageError
        If the folder cannot be written.
    """
    chosen = settings or Settings()
    body = _build(out, chosen, progress)
    progress(2, _STEPS, "T1")
    signal = t1_signal(body.person, body.head, _blood_in_t1(body))
    _write_t1(body, signal)
    progress(3, _STEPS, "CT")
    _write_ct(body)
    progress(4, _STEPS, "angiography")
    _write_angiography(body, signal)
    progress(5, _STEPS, "BOLD")
    runs = [
        scan_hand_run(body.person, body.head, chosen.response, number + 1)
        for number in range(chosen.hand_runs)
    ]
    for number, run in enumerate(runs, start=1):
        _write_bold(body, run, number)
    progress(6, _STEPS, "live view")
    hand = body.hands[chosen.hemisphere]
    scene = build_scene(body.person, body.hull, hand, body.large, chosen.pixel_um)
    mask = _write_live_view(body, scene)
    progress(7, _STEPS, "known answers")
    truth = Truth(
        settings=chosen,
        person=body.person,
        head=body.head,
        hull=body.hull,
        hands=body.hands,
        scene=scene,
        vessel_mask=mask,
        runs=tuple(runs),
        craniotomy=body.craniotomy,
    )
    write_truth(out, truth)
    _write_dataset(out)
    progress(_STEPS, _STEPS, "done")
    return out


def _build(out: Path, settings: Settings, progress: Progress) -> _Body:
    """Draw the person and build the head, hand areas and large vessels."""
    folder = out / f"sub-{settings.label}"
    if folder.exists():
        raise InputError.because(
            where=str(folder),
            found="a participant of that label",
            expected="no such folder",
            remedy="Choose another label or another study folder.",
        )
    progress(0, _STEPS, "person")
    person = draw_person(settings.seed, settings.voxel_mm)
    traits = person.traits
    usual = load_template_brain(traits.sulcus_gain_fraction)
    brain = shrunken(usual, settings.atrophy_mm / person.size_fraction)
    fluid_mm = traits.csf_mm / person.size_fraction  # lengths in the template
    fields = build_head_fields(
        brain,
        skull_mm=traits.skull_mm / person.size_fraction,
        scalp_mm=traits.scalp_mm / person.size_fraction,
        csf_mm=fluid_mm,
    )
    progress(1, _STEPS, "head and vessels")
    head = build_head(person, brain, fields)
    kind = settings.craniotomy
    craniotomy = None if kind == "none" else draw_craniotomy(person, fields, kind)
    if craniotomy is not None:
        head = operated_on(head, craniotomy)
    hull = build_hull(brain, fields, fluid_mm)
    return _Body(
        settings=settings,
        person=person,
        head=head,
        hull=hull,
        hands={
            "left": find_hand_area(person, head, hull, "left"),
            "right": find_hand_area(person, head, hull, "right"),
        },
        large=grow_large_vessels(person, hull),
        craniotomy=craniotomy,
        folder=folder,
    )


def _blood_in_t1(body: _Body) -> AnyArray:
    """Return the share of each T1 voxel that wide vessels fill, shape (i, j, k)."""
    return blood_share(body.large, body.head.grid, _SMALLEST_IN_T1_UM)


def _write_t1(body: _Body, signal: AnyArray) -> None:
    """Write the planning T1 and its sidecar."""
    values = scan_t1(body.person, signal, body.head.grid)
    stem = body.folder / "anat" / f"{body.prefix}_T1w"
    write_nifti(stem.with_suffix(".nii.gz"), values, body.head.grid)
    sidecar = {"Modality": "MR", "MagneticFieldStrength": 3, "RepetitionTime": 2.3, "EchoTime": 0.003,
               "InversionTime": 0.9, "FlipAngle": 9}  # fmt: skip
    write_json(stem.with_suffix(".json"), {**sidecar, **_made()})


def _write_ct(body: _Body) -> None:
    """Write the CT and its sidecar."""
    grid = scan_grid(body.person, CT, body.settings.scale_fraction)
    values = scan_ct(
        body.person,
        hounsfield(body.person, body.head),
        body.head.grid,
        grid.moved(body.person.scanner_from[CT]),
    )
    stem = body.folder / "ct" / f"{body.prefix}_ct"
    write_nifti(stem.with_suffix(".nii.gz"), values, grid)
    write_json(stem.with_suffix(".json"), {"Modality": "CT", "Units": "HU", **_made()})


def _write_angiography(body: _Body, signal: AnyArray) -> None:
    """Write the angiography and its sidecar."""
    grid = scan_grid(body.person, ANGIO, body.settings.scale_fraction)
    placed = grid.moved(body.person.scanner_from[ANGIO])
    values = scan_angiography(body.person, body.head, signal, body.large, placed)
    stem = body.folder / "anat" / f"{body.prefix}_angio"
    write_nifti(stem.with_suffix(".nii.gz"), values, grid)
    write_json(stem.with_suffix(".json"), {"Modality": "MR", "MagneticFieldStrength": 3, **_made()})


def _write_bold(body: _Body, run: HandRun, number: int) -> None:
    """Write a hand run, its sidecar and its events."""
    stem = f"{body.prefix}_task-hand_run-{number}"
    folder = body.folder / "func"
    write_nifti(folder / f"{stem}_bold.nii.gz", run.values, run.grid, time_step_s=REPETITION_TIME_S)
    sidecar = {
        "TaskName": "hand",
        "TaskDescription": "Blocked hand squeezing: right, left, both, rest",
        "Modality": "MR",
        "MagneticFieldStrength": 3,
        "RepetitionTime": REPETITION_TIME_S,
        "EchoTime": 0.03,
        "FlipAngle": 75,
        "SliceTiming": [float(time_s) for time_s in run.slice_time_s],
        "PhaseEncodingDirection": "j-",
        **_made(),
    }
    write_json(folder / f"{stem}_bold.json", sidecar)
    rows = ((event.onset_s, event.duration_s, event.trial_type) for event in run.events)
    write_tsv(folder / f"{stem}_events.tsv", ("onset", "duration", "trial_type"), rows)


def _write_live_view(body: _Body, scene: Scene) -> AnyArray:
    """Write the microscope picture and its sidecar; return the true vessel mask, shape (row, column)."""
    picture, mask = photograph(body.person, scene)
    stem = body.folder / "micr" / f"{body.prefix}_sample-cortex_photo"
    write_png(stem.with_suffix(".png"), picture)
    sidecar = {
        "PixelSize": [scene.pixel_um, scene.pixel_um],
        "PixelSizeUnits": "um",
        "ScannerFromImage": [[float(cell) for cell in row] for row in scene.stated_scanner_from_image],
        "ScannerFromImageDescription": "(column * pixel, row * pixel, 0) in mm to planning T1 RAS+ mm",
        "RegistrationErrorUm": STATED_ERROR_UM,
        "SpatialReference": SCANNER,
        **_made(),
    }
    write_json(stem.with_suffix(".json"), sidecar)
    return mask


def _made() -> dict[str, Any]:
    """Return what every sidecar says about its maker."""
    return {"Manufacturer": "none: simulated", "SoftwareVersions": f"trephine phantom {__version__}"}


def _write_dataset(out: Path) -> None:
    """Write the files that make the folder a BIDS dataset; the description comes last."""
    labels = sorted(path.name for path in out.glob("sub-*") if path.is_dir())
    write_tsv(out / "participants.tsv", ("participant_id",), ((label,) for label in labels))
    description = out / "dataset_description.json"
    if description.exists():
        return
    text = "Digital participants made by trephine: nobody was scanned. Known answers: derivatives/phantom.\n"
    write_bytes(out / "README", text.encode())
    write_bytes(out / ".bidsignore", b"**/ct/\n**/*_angio.*\n")
    write_json(
        description,
        {
            "Name": "Digital participants (simulated, nobody was scanned)",
            "BIDSVersion": "1.10.0",
            "DatasetType": "raw",
            "GeneratedBy": [{"Name": "trephine phantom", "Version": __version__}],
        },
    )
