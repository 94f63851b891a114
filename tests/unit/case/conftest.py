from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trephine.case.store import Case, Writer
from trephine.model.summary import StageSummary


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.of(tmp_path, "01")


@pytest.fixture
def through(case: Case) -> Callable[..., Writer]:
    """Write a noun as a stage does, with its receipt."""

    def written(noun: object, write: Callable[..., None], *, stage: str = "opening") -> Writer:
        writer = Writer(case=case, stage=stage, stage_version="1", settings_sha256="b" * 64, inputs={})
        write(noun, writer)
        receipt = StageSummary(
            stage=stage,
            stage_version="1",
            settings={},
            settings_sha256="b" * 64,
            inputs={},
            outputs=writer.outputs,
            headlines=(),
            findings=(),
        )
        writer.prepare(receipt)
        writer.commit()
        return writer

    return written
