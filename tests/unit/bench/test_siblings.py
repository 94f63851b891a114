from __future__ import annotations

import pytest

from trephine.bench.siblings import sibling


def test_a_module_beside_a_benchmark_is_loaded(tmp_path) -> None:
    (tmp_path / "_cases.py").write_text("ANSWER = 42\n")
    assert sibling(str(tmp_path / "one.py"), "_cases").ANSWER == 42


def test_a_missing_one_is_named(tmp_path) -> None:
    with pytest.raises(ImportError, match="_cases"):
        sibling(str(tmp_path / "one.py"), "_cases")
