"""Vessels of people nobody here made, from one scan alone."""

from pathlib import Path

import numpy as np
import pytest

from trephine.core.frames import ANGIO
from trephine.formats.nifti import read_volume
from trephine.model.scan import Scan, ScanKind
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.vessels import find_vessels_alone

pytestmark = pytest.mark.realdata


def test_a_cut_angiogram_gives_solid_trunks_and_no_malformation(data_dir: Path) -> None:
    volume = read_volume(data_dir / "imaging/chris/chris_MRA.nii.gz", ANGIO)
    outcome = find_vessels_alone(Scan(kind=ScanKind.MRA, volume=volume), Settings())
    seen = outcome.value
    assert seen is not None
    bright = np.asarray(volume.values) > 150
    assert (seen.vessels.values > 0)[bright].mean() > 0.99
    assert seen.tree.length_mm > 700
    codes = {finding.code for finding in outcome.findings}
    assert "VESSEL_SCAN_CUT" in codes
    assert "VASCULAR_MALFORMATION_SUSPECTED" not in codes


def test_a_malformation_is_flagged_where_it_is(data_dir: Path) -> None:
    whole = read_volume(data_dir / "imaging/angiography/avm_head_angiography.nii.gz", ANGIO)
    # Every second voxel: the same knots in a fraction of the time.
    affine_mm = np.array(whole.grid.affine_mm) @ np.diag([2.0, 2.0, 2.0, 1.0])
    values = np.asarray(whole.values)[::2, ::2, ::2]
    i, j, k = values.shape
    thin = Volume(
        values=values, grid=Grid(shape=(i, j, k), affine_mm=affine_mm, frame=ANGIO), unit="arbitrary"
    )
    outcome = find_vessels_alone(Scan(kind=ScanKind.MRA, volume=thin), Settings())
    flagged = [f.message for f in outcome.findings if f.code == "VASCULAR_MALFORMATION_SUSPECTED"]
    assert any("(-36, -25, 38)" in message for message in flagged), flagged
