# SPDX-License-Identifier: Apache-2.0
"""Write the report of one case."""

from __future__ import annotations

from pathlib import Path

from trephine.case.disk import write_atomically
from trephine.case.store import Case
from trephine.core.progress import Progress, part_of, silent
from trephine.report.contents import read
from trephine.report.draw import figures, plan_picture
from trephine.report.page import page
from trephine.report.raster import png_of


def write(case: Case, *, progress: Progress = silent) -> Path:
    """Write a person's report, and the picture of the plan beside the case's figures.

    Parameters
    ----------
    case
        Whose; any stage may be missing, and the page says so.
    progress
        Told as figures are drawn.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    FormatError
        If a result is not what its sidecar says.
    StorageError
        If the disk refuses.
    """
    progress(0, 6, "reading the case")
    contents = read(case)
    drawn = figures(contents, part_of(progress, 1, 5, 6))
    progress(5, 6, "setting the page")
    picture = plan_picture(contents, drawn)
    if picture is not None:
        write_atomically(case.path("figure", figure="plan"), png_of(picture))
    path = case.path("report")
    write_atomically(path, page(contents, drawn).encode())
    progress(6, 6, "done")
    return path
