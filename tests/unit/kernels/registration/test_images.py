"""Resampling keeps positions; ITK images keep the frame."""

import numpy as np

from trephine.kernels.registration.images import Sampled, cropped, itk_image, itk_values, resampled, upright


def ramp() -> Sampled:
    affine_mm = np.array([[2.0, 0, 0, -10], [0, 1.5, 0, 5], [0, 0, 3.0, 400], [0, 0, 0, 1]])
    ijk = np.indices((8, 9, 7)).reshape(3, -1).T
    mm = ijk @ affine_mm[:3, :3].T + affine_mm[:3, 3]
    return Sampled(values=(mm @ (1.0, 2.0, 0.5)).reshape(8, 9, 7), affine_mm=affine_mm)


def test_a_ramp_stays_a_ramp() -> None:
    image = ramp()
    new = upright(image, 1.0)
    inner = tuple(slice(4, -4) for _ in range(3))
    ijk = np.indices(new.values.shape).reshape(3, -1).T
    mm = ijk @ new.affine_mm[:3, :3].T + new.affine_mm[:3, 3]
    expected = (mm @ (1.0, 2.0, 0.5)).reshape(new.values.shape)
    assert np.abs(new.values - expected)[inner].max() < 1e-3


def test_itk_has_the_same_frame() -> None:
    image = ramp()
    itk = itk_image(image)
    place = np.array(itk.TransformIndexToPhysicalPoint((2, 3, 4)))
    assert np.allclose(place, image.affine_mm[:3, :3] @ (2, 3, 4) + image.affine_mm[:3, 3])
    assert np.array_equal(itk_values(itk), image.values)


def test_a_map_between_frames_is_followed() -> None:
    image = ramp()
    shift = np.eye(4)
    shift[0, 3] = 2.0
    new = resampled(image, image.affine_mm, (7, 9, 7), source_from_target=shift)
    assert np.allclose(new.values, image.values[1:], atol=1e-3)


def test_cropping_keeps_positions() -> None:
    image = upright(ramp(), 1.0)
    low = image.affine_mm[:3, 3] + 2.5
    part = cropped(image, low, low + 4.0)
    assert part.values.shape == (4, 4, 4)
    assert np.array_equal(part.values, image.values[3:7, 3:7, 3:7])
    assert np.allclose(part.affine_mm[:3, 3], image.affine_mm[:3, 3] + 3.0)
