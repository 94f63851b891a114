import numpy as np
import pytest

from trephine.core.findings import Finding, Severity
from trephine.report.chart import ticks
from trephine.report.plane import letter_of, thinned
from trephine.report.provenance_tables import assumed
from trephine.report.table import Table
from trephine.report.words import by_severity, number, position, with_unit


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "\u2013"),
        (3, "3"),
        (-2.5, "\u22122.5"),
        (0.0, "0"),
        (-0.0, "0"),
        (1320.4, "1320"),
        (0.0421, "0.042"),
        (6.2, "6.2"),
        (1.0, "1"),
        (24.34, "24.3"),
    ],
)
def test_numbers(value, said) -> None:
    assert number(value) == said


def test_fixed_decimals_and_no_minus_zero() -> None:
    assert number(-0.04, 1) == "0.0"
    assert position((1.0, -2.25, 0.0)) == "1.0, \u22122.2, 0.0"
    assert position(None) == "\u2013"


def test_units_as_people_write_them() -> None:
    assert with_unit(40.0, "um") == "40 \u00b5m"
    assert with_unit(64, "1") == "64"
    assert with_unit(None, "mm") == "\u2013"


def test_heaviest_findings_first() -> None:
    order = (Severity.NOTE, Severity.BLOCK, Severity.WARN)
    given = [Finding(code=severity.name, severity=severity, message="x") for severity in order]
    groups = by_severity(given)
    assert list(groups) == [Severity.BLOCK, Severity.UNKNOWN, Severity.WARN, Severity.NOTE]
    assert [f.code for group in groups.values() for f in group] == ["BLOCK", "WARN", "NOTE"]


def test_ticks_are_round() -> None:
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_letters_of_directions() -> None:
    assert letter_of(np.array([1.0, 0, 0])) == "R"
    assert letter_of(np.array([-0.8, 0, -0.6])) == "LI"
    assert letter_of(np.array([0, -1.0, 0.2])) == "P"


def test_thinning_keeps_corners() -> None:
    square = np.array([[0, 0], [0.5, 0.01], [1, 0], [1, 0.5], [1, 1]], float) * 10
    assert thinned(square).tolist() == [[0, 0], [10, 0], [10, 10]]


def test_assumptions_name_the_missing_ct_and_the_device(contents) -> None:
    table = assumed(contents)
    assert ("Anatomy", "Skull", "estimated from the T1, as there is no CT", "") in table.rows
    assert any(row[0] == "Device" and "ring radius" in row[1] for row in table.rows)
    assert ("Rehearsal", "stage", "5 \u00b5m SD on one axis", "") in table.rows


def test_empty_columns_are_dropped() -> None:
    table = Table(key="k", title="t", columns=(("a", "text"), ("b", "text")), rows=(("1", ""), ("2", "")))
    assert table.without_empty_columns().columns == (("a", "text"),)
