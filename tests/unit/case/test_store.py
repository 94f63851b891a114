from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from trephine.case import disk
from trephine.case.disk import PARTIAL
from trephine.case.store import Case, Writer
from trephine.core.errors import FormatError, InputError, StorageError
from trephine.core.provenance import sha256_of_bytes
from trephine.model.summary import StageSummary


def _writer(case: Case) -> Writer:
    inputs = {"bids::sub-01/anat/sub-01_T1w.nii.gz": "a" * 64}
    return Writer(
        case=case,
        stage="opening",
        stage_version="1",
        settings_sha256="b" * 64,
        inputs=inputs,
        findings=("X",),
    )


def _receipt(writer: Writer) -> StageSummary:
    return StageSummary(
        stage=writer.stage,
        stage_version="1",
        settings={},
        settings_sha256="b" * 64,
        inputs=dict(writer.inputs),
        outputs=writer.outputs,
        headlines=(),
        findings=(),
    )


def _write(case: Case, **files: bytes) -> None:
    writer = _writer(case)
    for key, data in files.items():
        writer.put(key, data)
    writer.prepare(_receipt(writer))
    writer.commit()


def _all_files(case: Case) -> dict[str, bytes]:
    return {
        str(p.relative_to(case.folder)): p.read_bytes() for p in sorted(case.folder.rglob("*")) if p.is_file()
    }


def test_a_result_is_read_back_with_a_sidecar_that_says_where_it_comes_from(case: Case) -> None:
    _write(case, opening=b"{}")
    assert case.read_bytes("opening") == b"{}"
    sidecar = json.loads((case.folder / "plan/sub-01_desc-opening_plan.json.sidecar.json").read_bytes())
    assert sidecar["Sha256"] == sha256_of_bytes(b"{}")
    assert sidecar["Sources"] == [{"URI": "bids::sub-01/anat/sub-01_T1w.nii.gz", "Sha256": "a" * 64}]
    assert sidecar["GeneratedBy"]["Stage"] == "opening"
    assert sidecar["SpatialReference"] == "scanner"
    assert sidecar["Units"] == "mm"
    assert sidecar["Findings"] == ["X"]


def test_nothing_is_visible_before_the_commit(case: Case) -> None:
    writer = _writer(case)
    writer.put("opening", b"{}")
    writer.prepare(_receipt(writer))
    assert not case.has("opening")
    assert case.receipt("opening") is None
    writer.commit()
    assert case.has("opening")
    assert case.receipt("opening") is not None
    assert not list(case.folder.rglob(f"{PARTIAL}*"))


def test_a_second_write_drops_what_is_no_longer_made(case: Case) -> None:
    _write(case, opening=b"{}", plan_table=b"a\n")
    _write(case, opening=b"{}")
    assert not case.path("plan_table").exists()
    assert case.has("opening")


def test_a_changed_or_missing_result_is_refused_by_name(case: Case) -> None:
    _write(case, opening=b"{}")
    case.path("opening").write_bytes(b"{ }")
    with pytest.raises(FormatError, match=r"desc-opening_plan.json: found .* expected SHA-256"):
        case.read_bytes("opening")
    case.path("opening").unlink()
    with pytest.raises(FormatError, match="no file"):
        case.read_bytes("opening")


def test_a_damaged_receipt_is_refused_by_name(case: Case) -> None:
    _write(case, opening=b"{}")
    case.path("receipt", stage="opening").write_bytes(b'{"stage": 1}')
    with pytest.raises(FormatError, match=r"desc-opening_summary.json, field"):
        case.receipt("opening")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "a full disk"),
        (errno.EROFS, "a read-only disk"),
        (errno.EACCES, "no permission"),
        (errno.EIO, "the system's answer"),
    ],
)
def test_when_the_disk_refuses_earlier_results_are_intact(
    case: Case, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    _write(case, opening=b"{}")
    before = _all_files(case)

    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(disk.os, "fsync", refuse)
    writer = _writer(case)
    with pytest.raises(StorageError, match=rf"desc-opening_plan.json: found {words}.*earlier results"):
        writer.put("opening", b"[]")
    monkeypatch.undo()
    assert _all_files(case) == before


def test_cleaning_removes_leftovers_and_nothing_else(case: Case) -> None:
    _write(case, opening=b"{}")
    before = _all_files(case)
    disk.write_synced(case.folder / PARTIAL / "plan" / "half", b"half")
    disk.write_synced(case.folder / f"{PARTIAL}-1-audit.jsonl", b"half")
    disk.write_synced(case.derivatives / f"{PARTIAL}-1-sub-01.html", b"half")
    case.clean()
    assert _all_files(case) == before
    assert not list(case.derivatives.glob(f"{PARTIAL}*"))


def test_an_atomic_write_replaces_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    disk.write_atomically(path, b"1")
    disk.write_if_changed(path, b"1")
    disk.write_if_changed(path, b"2")
    assert path.read_bytes() == b"2"
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


@pytest.mark.parametrize("label", ["", "sub-", "../x", "sub-01/..", "a b"])
def test_a_label_that_is_no_bids_label_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(InputError, match="letters and digits"):
        Case.of(tmp_path, label)
