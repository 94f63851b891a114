# SPDX-License-Identifier: Apache-2.0
"""Load what lies beside a benchmark: their folder is no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def sibling(benchmark: str, name: str) -> ModuleType:
    """Load a module that lies beside a benchmark.

    Parameters
    ----------
    benchmark
        The benchmark's own ``__file__``.
    name
        The module's name, without suffix.

    Raises
    ------
    ImportError
        If there is no such file.
    """
    path = Path(benchmark).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"benchmarks.{name}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ImportError(f"no module {name} beside {benchmark}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
