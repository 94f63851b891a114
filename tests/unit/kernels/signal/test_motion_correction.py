import numpy as np
import pytest

from trephine.kernels.signal.motion_correction import framewise_displacement_mm, motion_parameters


def test_parameters_are_shifts_of_the_centre_and_turns() -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[0.0, -1.0], [1.0, 0.0]]
    turn[:3, 3] = [10.0 - 0.0, -10.0 + 0.0, 3.0]
    centre = np.array([10.0, 0.0, 0.0])
    found = motion_parameters(turn[None], centre)[0]
    np.testing.assert_allclose(found, [0, 0, 3, 0, 0, np.pi / 2], atol=1e-12)


def test_displacement_sums_shifts_and_arcs() -> None:
    parameters = np.zeros((3, 6))
    parameters[1] = [0.1, -0.2, 0, 0.002, 0, 0]
    np.testing.assert_allclose(framewise_displacement_mm(parameters), [0, 0.4, 0.4])
    assert framewise_displacement_mm(parameters, radius_mm=0.0)[1] == pytest.approx(0.3)
