"""Heat of a seated implant in a flat, layered head."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.findings import Severity
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.formats.device_file import read_device
from trephine.model.anatomy import Tissue
from trephine.model.volume import Grid, Volume
from trephine.safety.reading import read_tissues
from trephine.stages.closure.checks import checks
from trephine.stages.closure.heat import largest, means, warmed
from trephine.stages.closure.run import run
from trephine.stages.closure.seated import HOLE, seated
from trephine.stages.closure.settings import Settings

SETTINGS = Settings(fine_mm=2.0, coarse_mm=6.0, draws=3, draw_mm=3.0)
TABLE = read_tissues()
DEVICE = read_device("n1")


def head(*, shift_mm=0.0, hole=None):
    """Return a head whose layers are flat: bone 0 to 5.5 mm, scalp to 12 mm above the foot."""
    shape = (131, 131, 101)
    affine = np.eye(4)
    affine[:3, 3] = (-65, -65, -70)
    z = np.arange(101) - 70.0 - shift_mm
    layers = np.select(
        [z < -5, z < -2, z < 0, z < 5.5, z < 12],
        [Tissue.WHITE, Tissue.GREY, Tissue.CSF, Tissue.SKULL, Tissue.SCALP],
        Tissue.BACKGROUND,
    )
    values = np.broadcast_to(layers, shape).astype(np.uint8)
    if hole is not None:
        values = values.copy()
        values[hole] = Tissue.BACKGROUND
    grid = Grid(shape=shape, affine_mm=affine, frame=SCANNER)
    return SimpleNamespace(tissue=Volume(values=values, grid=grid, unit="label"))


OPENING = SimpleNamespace(pose=Affine(target=SCANNER, source=IMPLANT, matrix=np.eye(4)))


def told(power_mw=None, anatomy=None, **changes):
    settings = SETTINGS.model_copy(update=changes)
    return run(
        OPENING, anatomy or head(), DEVICE, TABLE, settings=settings, power_mw=power_mw, limit_rise_k=2.0
    )


def codes(outcome):
    return {finding.code for finding in outcome.findings}


def test_the_seat_is_cut_filled_and_covered():
    seat = seated(head(), OPENING, DEVICE, SETTINGS, 1.0)
    x, y, z = (list(each) for each in seat.grid.centres_mm)

    def at(place):
        return tuple(int(np.argmin(np.abs(np.array(c) - p))) for c, p in zip((x, y, z), place, strict=True))

    assert seat.labels[at((0, 0, 3))] == Tissue.CSF  # bone is gone where the implant goes
    assert seat.labels[at((20, 0, 3))] == Tissue.SKULL
    assert seat.labels[at((0, 0, 13.5))] == Tissue.SCALP  # raised by the bump of 2.5 mm
    assert seat.outside[at((30, 0, 13.5))]
    assert seat.outside[at((0, 0, 16))]
    assert seat.body(np.array([[0, 0, 4.0], [0, 0, -0.1], [11.6, 0, 4]])).tolist() == [True, False, False]


def test_the_books_balance_and_metal_spreads_heat():
    plain, metal = told(draws=0).value, told(draws=0, housing="titanium").value
    assert plain.imbalance_fraction <= 1e-6
    assert plain.blood_fraction + plain.surface_fraction == pytest.approx(1, abs=1e-6)
    assert metal.hottest[0].rise_k_per_mw < plain.hottest[0].rise_k_per_mw
    assert 0.005 < plain.hottest[0].rise_k_per_mw < 0.05
    rises = {each.tissue: each.rise_k_per_mw for each in plain.hottest}
    assert rises["csf"] > rises["grey"] > rises["white"]
    assert plain.allowed[1].power_mw == pytest.approx(2 * plain.allowed[0].power_mw)
    assert plain.allowed[0].power_mw == pytest.approx(1 / plain.hottest[0].rise_k_per_mw)
    brain = next(each for each in plain.allowed if (each.among, each.rise_k) == ("brain", 1.0))
    assert brain.tissue == "grey"
    assert brain.power_mw == pytest.approx(1 / rises["grey"])


def test_draws_are_the_same_every_time_and_hold_the_mean():
    one, two = told().value, told().value
    assert one == two
    assert one.allowed[0].low_mw < one.allowed[0].high_mw
    other = told(seed=1).value
    assert other.allowed[0].low_mw != one.allowed[0].low_mw


def test_a_power_is_judged_on_both_sides_of_its_limits():
    allowed = told().value.allowed[1]
    edge_mw = min(allowed.low_mw, allowed.power_mw)
    assert codes(told(0.99 * edge_mw)) == set()
    above = told(1.01 * allowed.power_mw)
    assert codes(above) == {"IMPLANT_TOO_WARM"}
    assert above.is_blocked
    if allowed.low_mw < 0.98 * allowed.power_mw:
        assert codes(told((allowed.low_mw + allowed.power_mw) / 2)) == {"IMPLANT_MAY_BE_TOO_WARM"}


@pytest.mark.parametrize(
    ("change", "is_told"), [(0.051, True), (-0.051, True), (0.049, False), (-0.049, False)]
)
def test_cells_that_are_too_wide_are_told(change, is_told):
    heat = told(draws=0).value.model_copy(update={"grid_change_fraction": change})
    found = checks(heat, 0.0, 2.0)
    assert [(each.code, each.severity) for each in found] == [
        ("HEAT_GRID_TOO_COARSE", Severity.WARN)
    ] * is_told


def test_air_in_the_labels_is_told_and_much_of_it_refused():
    small = np.s_[60:66, 60:66, 40:46]
    seat = seated(head(hole=small), OPENING, DEVICE, SETTINGS, 2.0)
    assert (seat.labels == HOLE).any()
    assert codes(told(anatomy=head(hole=small), draws=0)) == {"HEAT_LABELS_HAVE_AIR"}
    with pytest.raises(InputError, match="ml unlabelled"):
        told(anatomy=head(hole=np.s_[40:90, 40:90, 30:60]), draws=0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"power_mw": -1.0}, "zero or more"),
        ({"power_mw": float("nan")}, "zero or more"),
        ({"anatomy": head(shift_mm=-40.0)}, "replaces bone"),
        ({"housing": "cheese"}, "one of electronics, polymer"),
    ],
)
def test_what_cannot_be_is_refused(changes, words):
    with pytest.raises(InputError, match=words):
        told(**changes)


def test_blood_is_taken_through_the_tissues_density():
    assert TABLE.drain_mw_per_mm3_k("grey") == pytest.approx(50477e-6, rel=1e-4)
    assert TABLE.drain_mw_per_mm3_k("csf") == 0


def test_less_blood_makes_the_brain_warmer():
    seat = seated(head(), OPENING, DEVICE, SETTINGS, 2.0)
    nominal = means(TABLE, SETTINGS)
    dry = dict(nominal.drain_mw_per_mm3_k) | {"grey": nominal.drain_mw_per_mm3_k["grey"] / 1000}
    less = type(nominal)(
        conductivity_mw_per_mm_k=nominal.conductivity_mw_per_mm_k, drain_mw_per_mm3_k=dry,
        film_mw_per_mm2_k=nominal.film_mw_per_mm2_k,
    )  # fmt: skip
    before = largest(seat, warmed(seat, TABLE, SETTINGS, nominal).rise)["grey"][0]
    after = largest(seat, warmed(seat, TABLE, SETTINGS, less).rise)["grey"][0]
    assert after > 1.1 * before
