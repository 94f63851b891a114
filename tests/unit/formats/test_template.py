"""The template: where it says the brain is."""

import numpy as np
import pytest

from trephine.core.errors import StorageError
from trephine.core.frames import MNI152
from trephine.formats import template


def test_the_template_is_a_brain_in_mni152() -> None:
    read = template.read_template()
    for image in (read.t1, read.grey, read.white):
        assert image.grid.frame == MNI152
        assert image.grid.is_same_as(read.t1.grid)
    assert float(read.grey.values.min()) >= 0.0
    assert float((read.grey.values + read.white.values).max()) <= 1.01
    # Deep white matter, the caudate nucleus (grey), and a place outside the head.
    places_mm = np.array([[-28.0, -20, 28], [-12, 12, 10], [0, 0, 100]])
    ijk = read.t1.grid.ijk_of(places_mm).round().astype(int)
    white, grey = (image.values[tuple(ijk.T)] for image in (read.white, read.grey))
    assert white[0] > 0.9
    assert grey[1] > 0.6
    assert white[2] == grey[2] == 0.0


def test_a_missing_template_is_named(monkeypatch) -> None:
    monkeypatch.setattr(template, "find_spec", lambda name: None)
    with pytest.raises(StorageError, match="Install the locked requirements"):
        template.read_template()
