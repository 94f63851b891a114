"""Imaging, mapping and screening of a real person, and the same steps as plain ANTs calls in the same run.

``TREPHINE_BENCH_DATA`` names the folder of real scans; without one a digital participant is timed instead.
``TREPHINE_BENCH_PEER_PYTHON`` names a Python that has antspyx (see requirements-peers.txt); without one there
are no figures of a peer. ``TREPHINE_BENCH_PEER_VOLUMES`` is how many volumes of the run the peer corrects for
motion before its time is scaled up to all; 27 when not set, for it takes minutes. ``TREPHINE_BENCH_PARTS``
leaves parts out: any of plain, angiogram, recommended and fast, with commas; all when not set.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trephine.bench.row import Row
from trephine.bench.siblings import sibling
from trephine.cli.case_of import workspace_of
from trephine.core.progress import Progress
from trephine.formats.nifti import volume_bytes
from trephine.formats.template import read_template
from trephine.model.volume import Volume
from trephine.pipeline.request import Event, Request
from trephine.pipeline.run import run
from trephine.pipeline.steps import STEPS

FOLDER = Path(__file__).parent
STAGES = ("imaging", "mapping", "screening")
SETTINGS = ("recommended", "fast")
"""The peer's own defaults, and coarser or quicker choices of its own."""
LIMIT_S = 180.0
THREADS = "2"
PEER_VOLUMES = 27
NOT_INSTALLED = (
    "Peer not installed: make a venv, pip install -r benchmarks/requirements-peers.txt, and name its Python "
    "in TREPHINE_BENCH_PEER_PYTHON."
)
STEPS_OF = {
    "shading": ("shading, N4", ("imaging/shading",)),
    "template": (
        "template fit and inside of the skull",
        ("imaging/template, affine", "imaging/inside of the skull"),
    ),
    "tissue": ("tissue, and our surfaces with it", ("imaging/tissue",)),
    "vessels": ("registration of the angiogram and vessels", ("imaging/other scans", "imaging/vessels")),
    "motion": ("head motion of the BOLD run", ("head motion",)),
    "bold_to_t1": ("BOLD to T1, rigid", ("registration to the T1",)),
}
"""Peer's step to its name and the labels of ours; ours also judges each fit from repeated starts."""


@dataclass(kw_only=True)
class Clock:
    """Seconds by stage, and by stage and label, of one run; ``cpu`` holds the processor's, by stage."""

    stages: dict[str, float] = field(default_factory=dict)
    labels: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    _open: tuple[str, float] | None = None
    _stage_start: float = 0.0
    _cpu_start: float = 0.0

    def tell(self, event: Event) -> None:
        """Take an event of the pipeline."""
        now = time.perf_counter()
        if event.kind == "started":
            self._stage_start, self._cpu_start = now, time.process_time()
        self._close(now)
        if event.kind == "progress":
            self._open = (f"{event.stage}/{event.label}", now)
        if event.kind == "finished":
            self.stages[event.stage] = now - self._stage_start
            self.cpu[event.stage] = time.process_time() - self._cpu_start

    def _close(self, now: float) -> None:
        if self._open is not None:
            name, start = self._open
            self.labels[name] = self.labels.get(name, 0.0) + now - start
            self._open = None

    def of(self, parts: tuple[str, ...]) -> float:
        """Sum the labels that hold any of some words."""
        return sum(spent for label, spent in self.labels.items() if any(part in label for part in parts))


def parts() -> tuple[str, ...]:
    """Return the parts that are asked for."""
    return tuple(os.environ.get("TREPHINE_BENCH_PARTS", "plain,angiogram,recommended,fast").split(","))


def ours(study: Path) -> Clock:
    """Run the three stages on a fresh study and return their times."""
    clock = Clock()
    workspace = workspace_of(study, "sub-01")
    run(workspace.case, STEPS, workspace.sections, Request(last="screening"), tell=clock.tell)
    return clock


def peer_times(study: Path, folder: Path) -> dict[str, dict[str, float]] | None:
    """Run the peer's script on the same files with two threads; nothing without a peer's Python."""
    python = os.environ.get("TREPHINE_BENCH_PEER_PYTHON", "")
    if not python and importlib.util.find_spec("ants") is not None:
        python = sys.executable
    if not python or not any(setting in parts() for setting in SETTINGS):
        return None
    template = read_template()
    brain = Volume(
        values=(template.grey.values + template.white.values > 0.2).astype(np.uint8),
        grid=template.grey.grid,
        unit="label",
    )
    files = {"template": template.t1, "template_brain": brain}
    for name, volume in files.items():
        (folder / f"{name}.nii.gz").write_bytes(volume_bytes(volume))
    anat, func = study / "sub-01" / "anat", study / "sub-01" / "func"
    angio = anat / "sub-01_angio.nii.gz"
    job = {
        **{name: str(folder / f"{name}.nii.gz") for name in files},
        "t1": str(anat / "sub-01_T1w.nii.gz"),
        "bold": str(min(func.glob("*_bold.nii.gz"))),
        "angio": str(angio) if angio.exists() else None,
        "volumes": int(os.environ.get("TREPHINE_BENCH_PEER_VOLUMES", PEER_VOLUMES)),
        "settings": [setting for setting in SETTINGS if setting in parts()],
    }
    (folder / "job.json").write_text(json.dumps(job))
    threads = {"ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": THREADS, "OMP_NUM_THREADS": THREADS}
    # The peer's packages are its own: none of ours may be put before them.
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | threads
    done = subprocess.run(
        [python, FOLDER / "peers" / "ants_imaging.py", folder / "job.json"],
        env=outside,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def rows(progress: Progress) -> Iterator[Row]:
    """Time every stage and every step that the peer has too."""
    person = sibling(__file__, "_person")
    found = person.real_study()
    yield _row("this machine", "load average at the start", os.getloadavg()[0], unit="1")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        if found is None:
            progress(0, 1, "no real person at hand: a digital participant instead")
            subprocess.run(
                [sys.executable, "-m", "trephine.cli.main", "phantom", folder / "phantom", "--seed", "1"],
                check=True,
                capture_output=True,
            )
            yield from _case(folder / "phantom", "digital participant, no real person at hand", None)
            return
        if "plain" in parts():
            progress(0, 3, "T1 and BOLD of a real person")
            plain = person.copy_of(found, folder, has_angio=False)
            yield from _case(plain, "real person, T1 + BOLD", None)
        if "angiogram" not in parts():
            return
        full = person.copy_of(found, folder, has_angio=True)
        progress(1, 3, "ANTs on the same scans")
        peer = peer_times(full, folder)
        progress(2, 3, "the same with a simulated angiogram")
        yield from _case(full, "real person, T1 + BOLD + angiogram simulated as load", peer, last=True)


def _case(
    study: Path, work: str, peer: dict[str, dict[str, float]] | None, *, last: bool = False
) -> Iterator[Row]:
    """Time ours on one study, and lay the peer's steps beside it."""
    clock = ours(study)
    for stage in STAGES:
        yield _row(work, f"time of {stage}", clock.stages[stage])
    total = sum(clock.stages[stage] for stage in STAGES)
    verdict = "within" if total <= LIMIT_S else "above"
    yield _row(work, f"time of the three stages ({verdict} the bar of {LIMIT_S:g} s)", total)
    yield _row(work, "processor time of the three stages", sum(clock.cpu.values()))
    if peer is None:
        if last:
            yield _row(work, "time of the peer's steps", total, note=NOT_INSTALLED)
        return
    yield from _beside(work, clock, peer)


def _beside(work: str, clock: Clock, peer: dict[str, dict[str, float]]) -> Iterator[Row]:
    """Lay the peer's steps beside ours, for each of its settings."""
    total = sum(clock.stages[stage] for stage in STAGES)
    for setting in [each for each in SETTINGS if each in peer]:
        times = peer[setting]
        who = {"peer_name": f"ANTs, {setting}", "peer_version": f"{peer['version']}, {THREADS} threads"}
        mine = {}
        for step, (words, labels) in STEPS_OF.items():
            mine[step] = clock.of(labels)
            if step in times and mine[step] > 0:
                yield _row(work, words, mine[step], peer=times[step], **who)
        yield _row(
            work,
            "all steps that both do",
            sum(mine[step] for step in times if mine[step] > 0),
            peer=sum(times[step] for step in times if mine[step] > 0),
            note="ANTs' motion is timed on some volumes and scaled up. Ours also measures each fit's error.",
            **who,
        )
        yield _row(
            work,
            "the three stages against the peer's steps alone",
            total,
            peer=sum(times.values()),
            note="The peer has no surfaces, no statistics of the task, no screening; ours holds them all.",
            **who,
        )
        yield _row(
            work,
            "the three stages against the peer's steps alone, processor time",
            sum(clock.cpu[stage] for stage in STAGES),
            peer=sum(peer["cpu"][setting].values()),
            note="Processor time depends less on what else the machine does than time by the clock.",
            **who,
        )


def _row(
    work: str,
    figure: str,
    value: float,
    *,
    unit: str = "s",
    peer: float | None = None,
    peer_name: str | None = None,
    peer_version: str | None = None,
    note: str = "",
) -> Row:
    return Row(
        work=work,
        figure=figure,
        unit=unit,
        better="lower",
        ours=value,
        peer=peer,
        peer_name=peer_name,
        peer_version=peer_version,
        note=note,
    )
