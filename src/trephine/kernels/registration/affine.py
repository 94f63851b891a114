# SPDX-License-Identifier: Apache-2.0
"""Affine registration of a cut-out template to a larger image, from many starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own manual uses

from trephine.core.arrays import AnyArray, Mask3, Matrix4, Vector3, locked
from trephine.core.errors import NumericalError
from trephine.kernels.registration.images import Sampled, itk_image, one_thread, upright

_BINS = 32
_COARSE_MM = 6.0
_SIMILARITY_STEP_MM = 3.0


@dataclass(frozen=True, kw_only=True)
class AffineSettings:
    """Where the search starts and how far it goes.

    Parameters
    ----------
    pitch_rad
        Turns about x tried at the start.
    raise_mm
        Shifts along z tried at the start.
    finalists
        Starts that are carried on to the affine step.
    fine_mm
        Voxel size of the last step.
    """

    pitch_rad: tuple[float, ...] = (-0.52, -0.26, 0.0, 0.26, 0.52)
    raise_mm: tuple[float, ...] = (-15.0, 0.0, 15.0)
    finalists: int = 3
    fine_mm: float = 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class AffineFit:
    """The best affine map.

    Parameters
    ----------
    image_from_template
        From the template's frame to the image's, shape (4, 4), mm.
    score
        Mutual information inside the mask, higher is better.
    agreeing_starts
        Finalists that end within ``agreement_mm`` of the best one, the best one included.
    finalists
        How many there were.
    """

    image_from_template: Matrix4
    score: float
    agreeing_starts: int
    finalists: int

    def __post_init__(self) -> None:
        matrix = locked(self.image_from_template, np.float64, (4, 4), "image_from_template")
        object.__setattr__(self, "image_from_template", matrix)


def matrix_of(transform: sitk.Transform) -> Matrix4:
    """Return the homogeneous matrix of a linear ITK transform, shape (4, 4)."""
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    axes = [np.array(transform.TransformPoint(tuple(row))) - origin for row in np.eye(3)]
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack(axes, axis=1)
    matrix[:3, 3] = origin
    return matrix


@one_thread()
def register_affine(
    template: Sampled, mask: Mask3, image: Sampled, centre_mm: Vector3, settings: AffineSettings | None = None
) -> AffineFit:
    """Fit a template to the part of an image that it shows.

    Parameters
    ----------
    template
        Only the wanted part, zero elsewhere.
    mask
        Where the template is compared, on its grid: the part and a rim.
    image
        The larger image, upright, shading removed.
    centre_mm
        A rough guess of the part's centre in the image.
    settings
        The search; the defaults when absent.

    Returns
    -------
    AffineFit
        The best of the finalists.

    Raises
    ------
    NumericalError
        If no start gives a finite score.

    Notes
    -----
    Mattes mutual information on every voxel of the mask (no random sampling). Each start is fitted by a
    similarity at 6 mm; the best ones by an affine map at 6 mm; the best of these at ``fine_mm``.
    """
    chosen = settings or AffineSettings()
    where = np.argwhere(mask)
    centre = template.affine_mm[:3, :3] @ where.mean(axis=0) + template.affine_mm[:3, 3]
    coarse = _Pair.at(template, mask, image, _COARSE_MM)
    fits = []
    for turn in chosen.pitch_rad:
        for lift in chosen.raise_mm:
            start = sitk.Similarity3DTransform()
            start.SetCenter(centre.tolist())
            start.SetRotation((1.0, 0.0, 0.0), turn)
            start.SetTranslation((np.asarray(centre_mm) + (0.0, 0.0, lift) - centre).tolist())
            fits.append(coarse.similarity(start))
    fits = sorted((fit for fit in fits if np.isfinite(fit[0])), key=lambda fit: fit[0])
    if not fits:
        raise NumericalError("affine registration: no start overlaps the image; expected a whole head.")
    finals = [coarse.affine(_as_affine(fit[1]), 60) for fit in fits[: chosen.finalists]]
    finals.sort(key=lambda fit: fit[0])
    fine = _Pair.at(template, mask, image, chosen.fine_mm)
    score, best = fine.affine(finals[0][1], 30)
    matrices = [matrix_of(fit[1]) for fit in finals]
    corners = where[:: max(1, len(where) // 200)] @ template.affine_mm[:3, :3].T + template.affine_mm[:3, 3]
    apart = [_distance_mm(matrices[0], other, corners) for other in matrices]
    return AffineFit(
        image_from_template=matrix_of(best),
        score=-score,
        agreeing_starts=sum(distance < 5.0 for distance in apart),
        finalists=len(finals),
    )


def _distance_mm(first: Matrix4, second: Matrix4, points_mm: AnyArray) -> float:
    """Return the mean distance between two maps of the same points."""
    difference = first - second
    return float(np.linalg.norm(points_mm @ difference[:3, :3].T + difference[:3, 3], axis=1).mean())


def _as_affine(similarity: sitk.Similarity3DTransform) -> sitk.AffineTransform:
    """Return the same map as an affine one."""
    result = sitk.AffineTransform(3)
    result.SetCenter(similarity.GetCenter())
    result.SetMatrix(similarity.GetMatrix())
    result.SetTranslation(similarity.GetTranslation())
    return result


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pair:
    """Template and image at one voxel size."""

    template: sitk.Image
    mask: sitk.Image
    image: sitk.Image

    @classmethod
    def at(cls, template: Sampled, mask: Mask3, image: Sampled, step_mm: float) -> _Pair:
        covered = Sampled(values=mask.astype(np.float32), affine_mm=template.affine_mm)
        return cls(
            template=itk_image(upright(template, step_mm)),
            mask=sitk.Cast(itk_image(upright(covered, step_mm)) > 0.5, sitk.sitkUInt8),
            image=itk_image(upright(image, step_mm)),
        )

    def _method(self) -> sitk.ImageRegistrationMethod:
        method = sitk.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(_BINS)
        method.SetMetricFixedMask(self.mask)
        method.SetMetricSamplingStrategy(method.NONE)
        method.SetInterpolator(sitk.sitkLinear)
        return method

    def similarity(self, start: sitk.Similarity3DTransform) -> tuple[float, sitk.Similarity3DTransform]:
        method = self._method()
        method.SetOptimizerAsRegularStepGradientDescent(_SIMILARITY_STEP_MM, 0.05, 60, 0.7, 1e-6)
        return self._run(method, start)

    def affine(self, start: sitk.AffineTransform, iterations: int) -> tuple[float, sitk.AffineTransform]:
        method = self._method()
        method.SetOptimizerAsConjugateGradientLineSearch(
            1.0, iterations, 1e-5, 8, 0.0, 3.0, 0.02, 6, method.EachIteration, 2.0
        )
        return self._run(method, start)

    def _run(
        self, method: sitk.ImageRegistrationMethod, start: sitk.Transform
    ) -> tuple[float, sitk.Transform]:
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInitialTransform(start, inPlace=True)
        try:
            method.Execute(self.template, self.image)
        except RuntimeError:  # ITK's word for a start whose samples all fall outside the image
            return float("inf"), start
        return float(method.GetMetricValue()), start
