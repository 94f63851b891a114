import numpy as np
import pytest
from pydantic import ValidationError

from trephine.core.arrays import locked
from trephine.core.errors import (
    EXIT_INPUT_REFUSED,
    ConfigError,
    FormatError,
    InputError,
    InternalError,
    StorageError,
)
from trephine.core.findings import Finding, Outcome, Severity
from trephine.core.progress import part_of
from trephine.core.provenance import canonical_json, sha256_of_json
from trephine.core.random import generator
from trephine.core.sourced import Confidence, Sourced
from trephine.core.units import mm_from_um, um_from_mm


def test_a_refusal_says_four_things() -> None:
    error = FormatError.because(where="a.nii", found="7", expected="8", remedy="Mend it.")
    assert isinstance(error, FormatError)
    assert str(error) == "a.nii: found 7; expected 8. Mend it."


def test_exit_codes_tell_whose_fault_it_is() -> None:
    assert (InputError.exit_code, StorageError.exit_code) == (EXIT_INPUT_REFUSED, EXIT_INPUT_REFUSED)
    assert (ConfigError.exit_code, InternalError.exit_code) == (2, 1)


def test_locked_copies_and_checks() -> None:
    with pytest.raises(
        InputError, match=r"points: found an array of shape \(2,\); expected shape \(any, 3\)"
    ):
        locked([1, 2], np.float64, (None, 3), "points")
    assert not locked([[1, 2, 3]], np.float64, (None, 3), "points").flags.writeable


def test_outcome_is_blocked_by_block_only() -> None:
    def finding(severity: Severity) -> Finding:
        return Finding(code="A_CODE", severity=severity, message="m")

    calm = (finding(Severity.NOTE), finding(Severity.WARN), finding(Severity.UNKNOWN))
    assert not Outcome(value=1, findings=calm).is_blocked
    assert Outcome(value=1, findings=(*calm, finding(Severity.BLOCK))).is_blocked


def test_finding_code_is_words_in_capitals() -> None:
    with pytest.raises(ValidationError):
        Finding(code="not words", severity=Severity.NOTE, message="m")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"low": 2.0}, "below"), ({"high": 0.5}, "above"), ({"source": "assumed"}, "go together")],
)
def test_sourced_refuses_contradiction(change: dict[str, object], message: str) -> None:
    entry = {"value": 1.0, "unit": "mm", "source": "key", "confidence": Confidence.READ} | change
    with pytest.raises(ValidationError, match=message):
        Sourced.model_validate(entry)


def test_generator_depends_on_seed_and_name() -> None:
    draws = {generator(seed, name).integers(1 << 60) for seed in (0, 1) for name in ("a", "b")}
    assert len(draws) == 4
    assert generator(1, "a").integers(1 << 60) == generator(1, "a").integers(1 << 60)


def test_canonical_json_does_not_know_order() -> None:
    assert sha256_of_json({"a": 1, "b": [2]}) == sha256_of_json({"b": [2], "a": 1})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_part_of_maps_onto_its_share() -> None:
    told: list[int] = []
    part_of(lambda done, total, label: told.append(done), 4, 8, 10)(1, 2, "x")
    assert told == [6]


def test_length_conversions_are_inverse() -> None:
    assert um_from_mm(mm_from_um(250.0)) == 250.0
    assert mm_from_um(250.0) == 0.25
