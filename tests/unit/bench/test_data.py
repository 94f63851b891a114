"""Real scans for benchmarks are found in one place, or missed aloud."""

from pathlib import Path

import pytest

from trephine.bench.data import VARIABLE, needed_data, real_data
from trephine.core.errors import InputError


def test_the_named_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imaging").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert real_data() == tmp_path
    assert needed_data("imaging") == tmp_path / "imaging"


def test_missing_scans_are_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(InputError, match=VARIABLE):
        needed_data("vessels/twophoton")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    assert real_data() is None
