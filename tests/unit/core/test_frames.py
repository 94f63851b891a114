import numpy as np
import pytest

from trephine.core.errors import FrameError, InputError
from trephine.core.frames import CT, MNI152, SCANNER, Affine


def shift(x_mm: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[0, 3] = x_mm
    return matrix


def test_maps_positions_of_its_source() -> None:
    scanner_from_ct = Affine(target=SCANNER, source=CT, matrix=shift(3.0))
    assert scanner_from_ct(np.zeros((1, 3)), frame=CT).tolist() == [[3.0, 0.0, 0.0]]


def test_refuses_positions_of_another_frame() -> None:
    scanner_from_ct = Affine(target=SCANNER, source=CT, matrix=shift(3.0))
    with pytest.raises(FrameError, match=r"found positions in 'scanner'; expected positions in 'ct'"):
        scanner_from_ct(np.zeros((1, 3)), frame=SCANNER)


def test_composition_joins_inner_frames_only() -> None:
    mni_from_scanner = Affine.identity(target=MNI152, source=SCANNER)
    scanner_from_ct = Affine(target=SCANNER, source=CT, matrix=shift(3.0))
    both = mni_from_scanner @ scanner_from_ct
    assert (both.target, both.source) == (MNI152, CT)
    with pytest.raises(FrameError, match="inner frames"):
        scanner_from_ct @ mni_from_scanner


@pytest.mark.parametrize("matrix", [np.full((4, 4), np.nan), np.ones((4, 4))])
def test_refuses_what_is_no_affine(matrix: np.ndarray) -> None:
    with pytest.raises(InputError, match="homogeneous"):
        Affine(target=SCANNER, source=CT, matrix=matrix)


def test_refuses_to_invert_a_singular_map() -> None:
    flat = np.diag([1.0, 1.0, 0.0, 1.0])
    with pytest.raises(InputError, match="singular"):
        Affine(target=SCANNER, source=CT, matrix=flat).inverse()


def test_matrix_is_a_read_only_copy() -> None:
    matrix = np.eye(4)
    affine = Affine(target=SCANNER, source=CT, matrix=matrix)
    matrix[0, 3] = 9.0
    assert affine.matrix[0, 3] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        affine.matrix[0, 0] = 2.0


def test_directions_do_not_shift() -> None:
    affine = Affine(target=SCANNER, source=CT, matrix=shift(3.0))
    assert affine.directions(np.array([[0.0, 1.0, 0.0]])).tolist() == [[0.0, 1.0, 0.0]]
