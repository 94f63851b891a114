"""GIFTI: a surface comes back, the same every time, and only in its own frame."""

import numpy as np
import pytest

from trephine.core.errors import FormatError
from trephine.core.frames import CT, SCANNER
from trephine.formats.gifti import read_surface, surface_bytes
from trephine.model.surface import Surface

TETRAHEDRON = Surface(
    points_mm=np.array([[0.25, 0, 0], [10, 0, 0], [0, 10, 0], [0, 0, -10.5]]),
    faces=np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]]),
    frame=SCANNER,
)


def test_a_surface_comes_back(tmp_path) -> None:
    path = tmp_path / "a.surf.gii"
    path.write_bytes(surface_bytes(TETRAHEDRON))
    back = read_surface(path, SCANNER)
    np.testing.assert_array_equal(back.points_mm, TETRAHEDRON.points_mm)
    np.testing.assert_array_equal(back.faces, TETRAHEDRON.faces)
    assert surface_bytes(TETRAHEDRON) == path.read_bytes()


def test_another_frame_and_no_gifti_are_refused(tmp_path) -> None:
    path = tmp_path / "a.surf.gii"
    path.write_bytes(surface_bytes(TETRAHEDRON))
    with pytest.raises(FormatError, match=r"a\.surf\.gii: found positions in 'scanner'; expected .*'ct'"):
        read_surface(path, CT)
    path.write_bytes(b"<GIFTI><broken")
    with pytest.raises(FormatError, match="no GIFTI"):
        read_surface(path, SCANNER)
