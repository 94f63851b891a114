"""STL: LPS on disk, RAS+ in memory, to a nanometre."""

import numpy as np
import pytest

from trephine.core.errors import FormatError
from trephine.core.frames import SCANNER
from trephine.formats.stl import read_stl, stl_bytes
from trephine.model.surface import Surface

POINTS = np.array([[30.1234567, -20, 55], [31, -20, 55], [30, -19, 55], [30, -20, 56.7654321]])
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
TETRAHEDRON = Surface(points_mm=POINTS, faces=FACES, frame=SCANNER)


def signed_volume_mm3(surface: Surface) -> float:
    a, b, c = (surface.points_mm[surface.faces[:, k]] for k in range(3))
    return float((np.cross(a, b) * c).sum()) / 6


def test_there_and_back_within_a_nanometre(tmp_path) -> None:
    path = tmp_path / "a.stl"
    path.write_bytes(stl_bytes(TETRAHEDRON, "block"))
    back = read_stl(path)
    assert len(back.points_mm) == 4
    place = back.points_mm[np.lexsort(back.points_mm.T)]
    np.testing.assert_allclose(place, POINTS[np.lexsort(POINTS.T)], atol=1e-6)
    assert signed_volume_mm3(back) == pytest.approx(signed_volume_mm3(TETRAHEDRON), rel=1e-5)


def test_the_file_is_lps_and_says_so() -> None:
    lines = stl_bytes(TETRAHEDRON, "block").decode().splitlines()
    assert lines[0] == "solid block SPACE=LPS UNIT=mm"
    assert lines[3].split() == ["vertex", "-30.123457", "20.000000", "55.000000"]
    first = np.array([float(word) for word in lines[1].split()[2:]])
    np.testing.assert_allclose(first, (0, 0, -1), atol=1e-6)  # that face looks down


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"solid block\nendsolid block\n", "SPACE=LPS"),
        (b"\x00" * 84, "first line"),
        (b"solid b SPACE=LPS\nvertex 1 2 3\nvertex 1 2 4\n", "three vertices"),
        (b"solid b SPACE=LPS\nvertex 1 2 3\nvertex 1 2 4\nvertex 1 x 4\n", "three vertices"),
    ],
)
def test_what_is_not_understood_is_refused(text, words, tmp_path) -> None:
    path = tmp_path / "a.stl"
    path.write_bytes(text)
    with pytest.raises(FormatError, match=words):
        read_stl(path)


def test_a_file_in_ras_is_taken_as_it_is(tmp_path) -> None:
    path = tmp_path / "a.stl"
    path.write_bytes(stl_bytes(TETRAHEDRON, "block").replace(b"SPACE=LPS", b"SPACE=RAS"))
    np.testing.assert_allclose(read_stl(path).points_mm.min(axis=0), [-31, 19, 55])
