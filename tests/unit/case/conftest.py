from __future__ import annotations

from pathlib import Path

import pytest

from trephine.case.store import Case


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.of(tmp_path, "01")
