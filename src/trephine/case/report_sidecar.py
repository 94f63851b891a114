# SPDX-License-Identifier: Apache-2.0
"""What a report was written from, so that it is written again only when that changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trephine import __version__
from trephine.case import audit
from trephine.case.disk import json_bytes, write_atomically
from trephine.case.layout import sidecar_of, spec
from trephine.case.sidecar import GeneratedBy, Sidecar, Source
from trephine.case.store import Case
from trephine.core.errors import FormatError
from trephine.core.provenance import sha256_of_file, sha256_of_json


def is_current(case: Case, stages: Iterable[str]) -> bool:
    """Tell whether the report shows the present receipts and approvals and was not changed since."""
    if not case.path("report").is_file():
        return False
    try:
        return case.sidecar("report") == _sidecar(case, stages)
    except FormatError:
        # A missing or damaged sidecar only means that the report is due again.
        return False


def write(case: Case, stages: Iterable[str]) -> None:
    """Write the report's sidecar, after the report.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    write_atomically(Path(sidecar_of(str(case.path("report")))), json_bytes(_sidecar(case, stages)))


def _sidecar(case: Case, stages: Iterable[str]) -> Sidecar:
    receipts = {stage: case.receipt_sha256(stage) for stage in stages}
    said = [
        entry.model_dump(mode="json", include={"act", "stage", "who", "note", "time", "receipts"})
        for entry in audit.read(case)
        if entry.act != "run finished"
    ]
    sources = [Source(uri=stage, sha256=digest) for stage, digest in receipts.items() if digest]
    kind = spec("report")
    return Sidecar(
        description=kind.description,
        sha256=sha256_of_file(case.path("report")),
        sources=(*sources, Source(uri="approvals", sha256=sha256_of_json(said))),
        generated_by=GeneratedBy(
            version=__version__, stage="report", stage_version="1", settings_sha256=sha256_of_json({})
        ),
        units=kind.unit,
    )
