# SPDX-License-Identifier: Apache-2.0
"""Where the benchmarks find real scans."""

from __future__ import annotations

import os
from pathlib import Path

from trephine.core.errors import InputError

VARIABLE = "TREPHINE_BENCH_DATA"
"""Environment variable that names the folder."""
USUAL = Path("../shared/data")
"""Where it is looked for otherwise, seen from the checkout, as the tests do."""


def real_data() -> Path | None:
    """Return the folder of real scans, or nothing where there is none."""
    folder = Path(os.environ.get(VARIABLE) or USUAL)
    return folder if folder.is_dir() else None


def needed_data(part: str) -> Path:
    """Return a part of the real scans that a benchmark cannot do without.

    Parameters
    ----------
    part
        Path within the folder, such as ``vessels/twophoton``.

    Raises
    ------
    InputError
        If it is not at hand.
    """
    folder = real_data()
    if folder is None or not (folder / part).is_dir():
        raise InputError.because(
            where=str(Path(os.environ.get(VARIABLE) or USUAL) / part),
            found="no such folder",
            expected=f"the real scans of {part}",
            remedy=f"Name the folder of real data in {VARIABLE}.",
        )
    return folder / part
