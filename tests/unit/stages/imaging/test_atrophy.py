"""The share of fluid above the base, on a ball of a head whose template is itself."""

from types import SimpleNamespace

import numpy as np
import pytest

from trephine.core.frames import MNI152, SCANNER, Affine
from trephine.model.anatomy import Tissue
from trephine.model.volume import Grid, Volume
from trephine.model.warp import Warp
from trephine.stages.imaging.checks import _fluid, fluid_fraction


def head(brain_mm: float, *, wet_base: bool = False, lifted_mm: float = 0.0) -> SimpleNamespace:
    axis = 3.0 * (np.arange(56) - 27.5)
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    affine_mm = np.diag([3.0, 3.0, 3.0, 1.0])
    affine_mm[:3, 3] = axis[0]
    affine_mm[2, 3] += lifted_mm
    grid = Grid(shape=radius.shape, affine_mm=affine_mm, frame=SCANNER)
    label = np.where(radius < brain_mm, Tissue.GREY, Tissue.CSF).astype(np.uint8)
    if wet_base:
        label[:, :, axis < 0] = Tissue.CSF
    label[radius >= 80] = Tissue.SKULL
    matrix = np.eye(4)
    matrix[2, 3] = -lifted_mm
    still = Warp(
        affine=Affine(target=MNI152, source=SCANNER, matrix=matrix),
        displacement_mm=np.zeros((2, 2, 2, 3)),
        grid=Grid(shape=(2, 2, 2), affine_mm=np.diag([200.0, 200.0, 200.0, 1.0]), frame=MNI152),
    )
    return SimpleNamespace(
        tissue=Volume(values=label, grid=grid, unit="label"),
        intracranial=Volume(values=(radius < 80).astype(np.uint8), grid=grid, unit="label"),
        mni_from_scanner=still,
    )


@pytest.mark.parametrize("lifted_mm", [0.0, 40.0])
@pytest.mark.parametrize("wet_base", [False, True])
@pytest.mark.parametrize("brain_mm", [70.0, 76.0])
def test_only_fluid_above_the_base_counts(brain_mm: float, wet_base: bool, lifted_mm: float) -> None:
    anatomy = head(brain_mm, wet_base=wet_base, lifted_mm=lifted_mm)
    truth = 1 - (brain_mm / 80) ** 3
    assert fluid_fraction(anatomy) == pytest.approx(truth, abs=0.02)
    found = _fluid(anatomy)
    assert (found is not None) == (truth > 0.25)
    if found is not None:
        assert found.code == "BRAIN_ATROPHY_SUSPECTED"
        assert "33 %" in found.message
