import numpy as np

from trephine.kernels.signal.foreground import foreground, smoothed_within


def test_the_largest_bright_piece_is_found_with_its_holes() -> None:
    image = np.zeros((20, 20, 20))
    image[4:14, 4:14, 4:14] = 100
    image[8, 8, 8] = 0
    image[17:19, 17:19, 17:19] = 100
    mask = foreground(image)
    assert mask[8, 8, 8]
    assert not mask[17, 17, 17]


def test_a_constant_image_has_no_foreground() -> None:
    assert not foreground(np.ones((5, 5, 5))).any()


def test_smoothing_takes_nothing_from_outside() -> None:
    values = np.full((12, 12, 12, 2), 7.0)
    mask = np.zeros((12, 12, 12), dtype=bool)
    mask[2:9, 2:9, 2:9] = True
    values[~mask] = 1e6
    smooth = smoothed_within(values, mask, (1.0, 1.0, 1.0))
    np.testing.assert_allclose(smooth[mask], 7.0, rtol=1e-5)
    assert smooth[~mask].max() == 0
