"""What is read of a case, and whether it still holds together."""

from __future__ import annotations

from pathlib import Path

import pytest

from trephine.case import audit
from trephine.case.records import screening as screening_record
from trephine.case.store import Case, Writer
from trephine.core.errors import FormatError
from trephine.core.provenance import sha256_of_bytes
from trephine.formats.device_file import device_bytes
from trephine.model.summary import StageSummary
from trephine.report import write
from trephine.report.contents import Contents, read


@pytest.fixture
def case(tmp_path: Path) -> Case:
    (tmp_path / "dataset_description.json").write_text('{"Name": "a study"}')
    return Case.of(tmp_path, "01")


def finish_screening(
    case: Case, contents: Contents, *, device_hash: str, imaging_hash: str = "c" * 64
) -> None:
    inputs = {"trephine:device": device_hash, "imaging": imaging_hash}
    settings = {"device": {"name": "n1"}}
    writer = Writer(
        case=case,
        stage="screening",
        stage_version="1",
        settings_sha256="d" * 64,
        inputs=inputs,
    )
    screening_record.write(contents.screening, writer)
    receipt = StageSummary(
        stage="screening",
        stage_version="1",
        settings=settings,
        settings_sha256="d" * 64,
        inputs=inputs,
        outputs=dict(writer.outputs),
        headlines=(),
        findings=(),
    )
    writer.prepare(receipt)
    writer.commit()


def test_nothing_done_yet(case: Case) -> None:
    found = read(case)
    assert found.missing == (
        "imaging",
        "mapping",
        "screening",
        "opening",
        "placement",
        "insertion",
        "closure",
    )
    page = write(case).read_text()
    assert "Not done yet: imaging, mapping" in page
    assert "a study &middot; sub-01" in page
    assert not case.path("figure", figure="plan").exists()


def test_device_is_read_only_while_its_file_is_the_same(case: Case, contents: Contents) -> None:
    finish_screening(case, contents, device_hash=sha256_of_bytes(device_bytes("n1")))
    found = read(case)
    assert found.screening == contents.screening
    assert found.device is not None
    finish_screening(case, contents, device_hash="e" * 64)
    assert read(case).device is None


def test_stage_made_from_other_results_is_outdated(case: Case, contents: Contents) -> None:
    finish_screening(case, contents, device_hash="e" * 64)  # there is no imaging stage with such outputs
    assert read(case).outdated == ("screening",)


def test_changed_file_is_refused(case: Case, contents: Contents) -> None:
    finish_screening(case, contents, device_hash="e" * 64)
    path = case.path("screening")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(FormatError, match="verdicts"):
        read(case)


def test_approval_falls_when_its_receipt_changes(case: Case, contents: Contents) -> None:
    finish_screening(case, contents, device_hash="e" * 64)
    receipts = {"screening": case.receipt_sha256("screening") or ""}
    audit.append(case, audit.Note(act="approved", stage="screening", who="A. Reader", receipts=receipts))
    assert [a.is_standing for a in read(case).approvals] == [True]
    finish_screening(case, contents, device_hash="f" * 64)
    assert [a.is_standing for a in read(case).approvals] == [False]
