# SPDX-License-Identifier: Apache-2.0
"""Find benchmarks in a folder and run them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from trephine.bench.row import Machine, Result, Row
from trephine.core.errors import InputError, InternalError
from trephine.core.progress import Progress, silent


def names(folder: Path) -> list[str]:
    """List the benchmarks of a folder: its modules that do not start with an underscore.

    Raises
    ------
    InputError
        If the folder is not there.
    """
    if not folder.is_dir():
        raise InputError.because(
            where=str(folder),
            found="no such folder",
            expected="the benchmarks of a trephine checkout",
            remedy="Run from the checkout or give --folder.",
        )
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def run(folder: Path, name: str, *, progress: Progress = silent) -> Result:
    """Run one benchmark.

    Parameters
    ----------
    folder
        Where its module lies.
    name
        The module's name; it defines ``rows(progress)``.
    progress
        Told as it goes on.

    Returns
    -------
    Result
        Its rows and the machine.

    Raises
    ------
    InputError
        If there is no such benchmark.
    """
    if name not in names(folder):
        raise InputError.because(
            where=str(folder),
            found=f"no benchmark {name!r}",
            expected=f"one of {', '.join(names(folder))}",
            remedy="Choose one of these.",
        )
    rows: Iterable[Row] = _load(folder / f"{name}.py").rows(progress)
    return Result(name=name, machine=Machine.this(), rows=tuple(rows))


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmarks.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InternalError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module
