"""Maps between frames compose and invert, whatever the numbers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from trephine.core.frames import CT, MNI152, SCANNER, Affine

angle = st.floats(-3.0, 3.0)
length = st.floats(-500.0, 500.0)


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec([draw(angle) for _ in range(3)]).as_matrix()
    matrix[:3, :3] *= draw(st.floats(0.3, 3.0))
    matrix[:3, 3] = [draw(length) for _ in range(3)]
    return matrix


points = st.lists(st.tuples(length, length, length), min_size=1, max_size=5).map(np.array)


@settings(max_examples=60, deadline=None)
@given(matrices(), points)
def test_inverse_undoes(matrix: np.ndarray, there: np.ndarray) -> None:
    affine = Affine(target=SCANNER, source=CT, matrix=matrix)
    back = affine.inverse()(affine(there, frame=CT), frame=SCANNER)
    assert np.allclose(back, there, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(matrices(), matrices(), points)
def test_composition_is_one_after_the_other(outer: np.ndarray, inner: np.ndarray, there: np.ndarray) -> None:
    mni_from_scanner = Affine(target=MNI152, source=SCANNER, matrix=outer)
    scanner_from_ct = Affine(target=SCANNER, source=CT, matrix=inner)
    stepwise = mni_from_scanner(scanner_from_ct(there, frame=CT), frame=SCANNER)
    assert np.allclose((mni_from_scanner @ scanner_from_ct)(there, frame=CT), stepwise, atol=1e-6)
