"""What is taken away is the face: never brain, never the vault."""

import numpy as np

from trephine.core.frames import Frame
from trephine.formats.template import read_template
from trephine.model.volume import Grid
from trephine.stages.intake.face import MARGIN_MM, Guard, face_mask
from trephine.stages.intake.head import template_brain

AFFINE = np.array([[3.0, 0, 0, -96], [0, 3, 0, -132], [0, 0, 3, -138], [0, 0, 0, 1]])
GRID = Grid(shape=(65, 90, 80), affine_mm=AFFINE, frame=Frame("x"))


def at(mask, x_mm, y_mm, z_mm) -> bool:
    return bool(mask[tuple(np.rint(GRID.ijk_of(np.array([[x_mm, y_mm, z_mm]]))[0]).astype(int))])


def test_the_mask_holds_the_face_and_keeps_off_brain_vault_and_ears() -> None:
    small, brain = template_brain(read_template())
    guard = Guard.around(brain, small.affine_mm)
    mask = face_mask(GRID, np.eye(4), guard)
    removed_mm = GRID.mm_of(np.argwhere(mask).astype(float))
    assert guard.at(removed_mm).min() > MARGIN_MM
    assert removed_mm[:, 1].min() > -10.0
    # Nose, front of both eyes, mouth and chin of an average head go; brow, vault, ears and neck stay.
    for gone in ((0, 100, -45), (33, 70, -38), (-33, 70, -38), (0, 90, -75), (0, 80, -110)):
        assert at(mask, *gone), gone
    for kept in ((0, 84, 20), (0, 0, 95), (75, -20, -40), (-75, -20, -40), (0, -60, -110), (0, 88, 10)):
        assert not at(mask, *kept), kept


def test_a_map_carries_the_mask_along() -> None:
    small, brain = template_brain(read_template())
    guard = Guard.around(brain, small.affine_mm)
    moved = np.array(AFFINE)
    moved[:3, 3] += (5.0, -7.0, 11.0)
    mni_from_scan = np.eye(4)
    mni_from_scan[:3, 3] = (-5.0, 7.0, -11.0)
    grid = Grid(shape=GRID.shape, affine_mm=moved, frame=Frame("x"))
    assert (face_mask(grid, mni_from_scan, guard) == face_mask(GRID, np.eye(4), guard)).all()
