"""Trust in other scans: each limit, and who is told what."""

import numpy as np
import pytest

from trephine.core.findings import Severity
from trephine.kernels.registration.images import Sampled
from trephine.kernels.registration.pose_evidence import PoseEvidence
from trephine.kernels.registration.rigid import RigidFit
from trephine.model.scan import Scan, ScanKind
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging.head import Head
from trephine.stages.imaging.other_scans import Reference, place
from trephine.stages.imaging.registration_checks import Seen, judge
from trephine.stages.imaging.settings import Settings


def scan(values: np.ndarray, kind: ScanKind = ScanKind.MRA) -> Scan:
    grid = Grid(shape=values.shape, affine_mm=np.diag([4.0, 4.0, 4.0, 1.0]), frame=kind.frame)
    return Scan(kind=kind, volume=Volume(values=values.astype(np.float32), grid=grid, unit="arbitrary"))


def reference() -> Reference:
    image = Sampled(values=np.full((20, 20, 20), 50.0), affine_mm=np.diag([4.0, 4.0, 4.0, 1.0]))
    mask = np.ones((20, 20, 20), dtype=bool)
    head = Head(t1=image, mask=mask, coarse=image, coarse_mask=mask)
    return Reference(head=head, t1=image, brain=mask, points_mm=np.zeros((1, 3)))


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_an_almost_empty_scan_is_not_used(share: float) -> None:
    values = np.zeros((40, 40, 40))
    values.ravel()[: int(share * values.size)] = 50
    placed = place(scan(values), reference(), Settings())
    assert not placed.registration.is_trusted
    assert [finding.code for finding in placed.findings] == ["SCAN_NOT_REGISTERED"]
    assert "almost all of it is zero" in placed.registration.reason


def seen(
    *, mean: float = 0.5, inside: float = 0.95, residual: float = 0.4, stretch: float = 0.005,
    residual_error: float = 0.1, offset: float = 1.0, correction: float = 0.3, blocks: int = 100,
) -> Seen:  # fmt: skip
    fit = RigidFit(
        target_from_source=np.eye(4),
        score=1.0,
        runner_up_fraction=0.2,
        error_mm=float("inf"),
        agreeing_starts=6,
        starts=12,
        has_converged=True,
    )
    evidence = PoseEvidence(
        correction=np.eye(4),
        step_mm=np.zeros(6),
        covariance_mm2=np.eye(6) * 0.01,
        centre_mm=np.zeros(3),
        residual_mm=residual,
        residual_error_mm=residual_error,
        noise_mm=0.3,
        stretch_fraction=stretch,
        stretch_error_fraction=0.004,
        blocks=blocks,
        tried=120,
    )
    return Seen(
        signal_fraction=0.6,
        inside_fraction=inside,
        fit=fit,
        evidence=evidence if blocks else None,
        errors_mm=(0.5 * mean, mean, 2 * mean) if blocks else None,
        correction_mm=correction,
        header_offset_mm=offset,
        header_offset_rad=0.1,
    )


@pytest.mark.parametrize(
    ("figures", "code", "severity", "is_used"),
    [
        ({}, None, None, True),
        ({"offset": 12.0}, "HEADER_MISALIGNED", Severity.NOTE, True),
        ({"mean": 2.5}, "REGISTRATION_POOR", Severity.BLOCK, True),
        ({"mean": 3.5}, "SCAN_NOT_REGISTERED", Severity.WARN, False),
        ({"correction": 3.5}, "SCAN_NOT_REGISTERED", Severity.WARN, False),
        ({"inside": 0.5}, "SCAN_NOT_REGISTERED", Severity.WARN, False),
        ({"blocks": 0}, "SCAN_NOT_REGISTERED", Severity.WARN, False),
        ({"residual": 1.8}, "SCAN_OF_ANOTHER_HEAD", Severity.BLOCK, False),
        ({"stretch": 0.05}, "SCAN_OF_ANOTHER_HEAD", Severity.BLOCK, False),
        ({"residual": 1.2, "residual_error": 0.3}, "SCAN_MAY_BE_OF_ANOTHER_HEAD", Severity.WARN, True),
        ({"residual": 0.6}, "SCAN_MAY_BE_OF_ANOTHER_HEAD", Severity.WARN, True),  # may be above the limit
        ({"stretch": 0.035}, "SCAN_MAY_BE_OF_ANOTHER_HEAD", Severity.WARN, True),  # not surely above
    ],
)
def test_each_limit_of_trust_holds(figures, code, severity, is_used) -> None:
    given = scan(np.ones((4, 4, 4)), ScanKind.T2W)
    reason, findings = judge(given, seen(**figures), Settings())
    assert (not reason) is is_used
    assert [(f.code, f.severity) for f in findings] == ([(code, severity)] if code else [])
    assert all("t2w" in finding.message for finding in findings)


def test_the_figure_that_decides_is_the_one_that_is_given() -> None:
    """Another head: the end of the interval that is surely there; a doubt: the end that may be."""
    given, settings = scan(np.ones((4, 4, 4)), ScanKind.T2W), Settings()
    told = {
        name: judge(given, seen(**figures), settings)[1][0]
        for name, figures in (
            ("another", {"residual": 1.8}),
            ("stretched", {"stretch": 0.05}),
            ("doubtful", {"residual": 0.6}),
            ("poor", {"mean": 2.5}),
        )
    }
    # 2.2 errors of 0.1 mm to either side, less noise of 0.3 mm.
    assert told["another"].value == pytest.approx(np.sqrt(1.58**2 - 0.09))
    assert told["doubtful"].value == pytest.approx(np.sqrt(0.82**2 - 0.09))
    assert told["another"].limit == told["doubtful"].limit == settings.largest_difference_mm
    assert told["stretched"].value == 0.05
    assert told["stretched"].limit == settings.largest_stretch_fraction
    assert (told["poor"].value, told["poor"].limit) == (2.5, settings.poor_registration_mm)
