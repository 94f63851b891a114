# SPDX-License-Identifier: Apache-2.0
"""Draw where imaging fails, on a finished digital participant whose anatomy is known.

``python docs/pictures.py STUDY`` takes a study that ``trephine demo`` made and writes the pictures of
docs/explanation/imaging.md. Real scans are not drawn: those at hand may not be passed on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import ndimage
from scipy.spatial import cKDTree

from trephine.case.records import anatomy as anatomy_record
from trephine.case.records import angiogram as angiogram_record
from trephine.case.store import Case
from trephine.core.frames import SCANNER
from trephine.formats.nifti import read_volume
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.volume import Volume

IMAGES = Path(__file__).parent / "images"
TRUE, FOUND = "#56b4e9", "#d55e00"


def main(study: Path) -> None:
    """Write every picture."""
    case = Case.of(study, "01")
    truth = study / "derivatives/phantom/sub-01/anat"
    anatomy = anatomy_record.read(case)
    labels = read_volume(truth / "sub-01_desc-truth_dseg.nii.gz", SCANNER)
    draw_skull(anatomy, labels)
    draw_cortex(anatomy, labels)
    draw_vessels(case, pd.read_csv(truth / "sub-01_desc-vessels_tree.tsv", sep="\t"))


def draw_skull(anatomy: Anatomy, labels: Volume) -> None:
    """Outline both tables, found and true, in the coronal slice through the vertex and at the base."""
    found = anatomy.tissue.values
    middle = found.shape[0] // 2
    fig, axes = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
    inside = np.isin(labels.values, (Tissue.CSF, Tissue.GREY, Tissue.WHITE))
    row = int(np.median(np.nonzero(inside)[1]))
    for axis, cut in zip(axes, (np.s_[:, row, :], np.s_[middle, :, :]), strict=True):
        backdrop(axis, anatomy.t1.values[cut])
        for volume, colour in ((labels.values, TRUE), (found, FOUND)):
            inside = np.isin(volume[cut], (Tissue.CSF, Tissue.GREY, Tissue.WHITE))
            outline(axis, inside, colour)
            outline(axis, inside | (volume[cut] == Tissue.SKULL), colour)
    axes[0].set_title("vault, coronal", fontsize=9)
    axes[1].set_title("midline, sagittal: the base is a guess", fontsize=9)
    save(fig, "imaging-skull", "Both tables of the skull: true (blue), found (orange)")


def draw_cortex(anatomy: Anatomy, labels: Volume) -> None:
    """Outline grey matter, found and true, where fluid between two banks is thinner than a voxel."""
    found = anatomy.tissue.values
    fluid = labels.values == Tissue.CSF
    brain = np.isin(labels.values, (Tissue.GREY, Tissue.WHITE))
    missed = (
        fluid
        & np.isin(found, (Tissue.GREY, Tissue.WHITE))
        & ndimage.binary_erosion(ndimage.binary_closing(brain, iterations=3), iterations=3)
    )
    # The most crowded place in the upper third of the brain, where threads go.
    crowd = ndimage.gaussian_filter(missed.astype(np.float32), 4.0)
    above = np.nonzero(brain)[2]
    crowd[:, :, : int(np.percentile(above, 67))] = 0.0
    i, j, level = (int(index) for index in np.unravel_index(crowd.argmax(), crowd.shape))
    fig, axes = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
    cut = np.s_[:, :, level]
    for axis in axes:
        backdrop(axis, anatomy.t1.values[cut])
        outline(axis, brain[cut], TRUE)
        outline(axis, np.isin(found[cut], (Tissue.GREY, Tissue.WHITE)), FOUND)
    axes[1].set_xlim(i - 28, i + 28)
    axes[1].set_ylim(j - 28, j + 28)
    axes[0].set_title("axial", fontsize=9)
    axes[1].set_title("enlarged: sulci whose banks touch close up", fontsize=9)
    save(fig, "imaging-sulci", "Edge of the brain: true (blue), found (orange)")


def draw_vessels(case: Case, tree: pd.DataFrame) -> None:
    """Mark every true vessel by whether a centre line lies within a millimetre."""
    angiogram = angiogram_record.read(case)
    if angiogram is None or angiogram.tree is None:
        raise SystemExit("this study has no labelled angiogram")
    place = tree[["x_mm", "y_mm", "z_mm"]].to_numpy()
    far_mm, _ = cKDTree(angiogram.tree.points_mm).query(place)
    fig, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
    seen = far_mm < 1.0
    for axis, (across, up, words) in zip(
        axes, ((0, 1, "from above"), (1, 2, "from the side"), (0, 2, "from behind")), strict=True
    ):
        size = np.maximum(tree["radius_um"].to_numpy() / 150.0, 0.3)
        axis.scatter(place[~seen, across], place[~seen, up], s=size[~seen], c=FOUND, lw=0)
        axis.scatter(place[seen, across], place[seen, up], s=size[seen], c=TRUE, lw=0)
        axis.set_aspect("equal")
        axis.set_axis_off()
        axis.set_title(words, fontsize=9)
    save(fig, "imaging-vessels", "True vessels: found (blue), not found (orange); dots grow with width")


def backdrop(axis: Axes, values: np.ndarray) -> None:
    """Show a slice of the T1."""
    axis.imshow(values.T, origin="lower", cmap="gray", vmax=float(np.percentile(values, 99.5)))
    axis.set_axis_off()


def outline(axis: Axes, mask: np.ndarray, colour: str) -> None:
    """Draw the border of a mask."""
    if mask.any():
        axis.contour(mask.T.astype(float), levels=[0.5], colors=[colour], linewidths=0.8)


def save(fig: plt.Figure, name: str, words: str) -> None:
    """Write a picture with its words."""
    fig.suptitle(f"Simulated head. {words}", fontsize=10)
    fig.savefig(IMAGES / f"{name}.png", dpi=110, metadata={"Software": None})
    plt.close(fig)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
