# SPDX-License-Identifier: Apache-2.0
"""A blocked hand task seen by echo-planar imaging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.arrays import Matrix4
from trephine.core.frames import BOLD, SCANNER
from trephine.core.random import generator
from trephine.model.activation import Event
from trephine.model.volume import Grid
from trephine.phantom.hand import hand_weight, response_weight
from trephine.phantom.person import Person, rigid_about
from trephine.phantom.tissues import Head

Field = NDArray[np.float32]
REPETITION_TIME_S = 2.0
VOLUMES = 130
SLICES = 30
_SHAPE = (64, 64, SLICES)
_VOXEL_MM = 3.0
_BLOCK_S = 12.0
_FIRST_REST_S = 20.0
_SIGNAL = 900.0
_NOISE_FRACTION = 0.008
_HIDDEN_STEP_S = 0.1
_RESPONSE_EVERY = 10  # volumes; the head moves less than 0.1 mm meanwhile

# Template position (mm), spread (mm), share of the hand's response, by hand that drives it. Assumed.
_ELSEWHERE = (
    ("both", (0.0, -6.0, 60.0), 6.0, 0.45),
    ("right", (18.0, -52.0, -22.0), 7.0, 0.5),
    ("left", (-18.0, -52.0, -22.0), 7.0, 0.5),
    ("both", (-52.0, -22.0, 22.0), 5.0, 0.3),
    ("both", (52.0, -22.0, 22.0), 5.0, 0.3),
)
Response = Literal["usual", "weak", "ipsilateral", "bilateral", "absent"]
"""How cortex answers to the task; all but ``usual`` are met in paralysis."""
# Share of the usual response in the hand area opposite the hand and on its own side. Assumed.
_SHARES: dict[Response, tuple[float, float]] = {
    "usual": (1.0, 0.12),
    "weak": (0.3, 0.036),
    "ipsilateral": (0.12, 1.0),
    "bilateral": (0.8, 0.8),
    "absent": (0.0, 0.0),
}

# Signal of an echo-planar image against white matter; assumed.
_EPI = {"soft": 0.35, "fat": 0.15, "csf": 1.5, "grey": 1.12, "white": 0.9, "bone": 0.06}


@dataclass(frozen=True, kw_only=True, eq=False)
class HandRun:
    """One BOLD run and how it was made.

    Parameters
    ----------
    values
        Shape (i, j, k, time), int16.
    grid
        Grid as the header states it, in ``bold``.
    slice_time_s
        When each slice is taken, shape (k,).
    events
        Blocks of the task.
    motion_mm
        True head motion: turns about x, y, z (radians) and shifts (mm) of each volume, shape (time, 6).
    """

    values: NDArray[np.int16]
    grid: Grid
    slice_time_s: NDArray[np.float64]
    events: tuple[Event, ...]
    motion_mm: NDArray[np.float64]


def task_events() -> tuple[Event, ...]:
    """Return the blocks: rest, then right, left, both, rest of 12 s each until the run ends."""
    events = [Event(onset_s=0.0, duration_s=_FIRST_REST_S, trial_type="rest")]
    onset_s = _FIRST_REST_S
    while onset_s + _BLOCK_S <= VOLUMES * REPETITION_TIME_S:
        kind = ("right", "left", "both", "rest")[(len(events) - 1) % 4]
        events.append(Event(onset_s=onset_s, duration_s=_BLOCK_S, trial_type=kind))
        onset_s += _BLOCK_S
    return tuple(events)


def slice_times_s() -> NDArray[np.float64]:
    """Return when each slice is taken: interleaved, the second first, shape (k,)."""
    order = [*range(1, SLICES, 2), *range(0, SLICES, 2)]
    times = np.empty(SLICES)
    times[order] = np.arange(SLICES) * REPETITION_TIME_S / SLICES
    return np.round(times, 4)


def _response(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the haemodynamic response to an impulse: two gamma densities, peak at 5 s."""
    with np.errstate(divide="ignore"):
        log_t = np.log(np.maximum(time_s, 1e-9))
    rise = np.exp(5 * log_t - time_s - np.log(120.0))
    fall = np.exp(15 * log_t - time_s - np.log(1307674368000.0))
    result: NDArray[np.float64] = np.where(time_s > 0, rise - fall / 6, 0)
    return result


def task_course(events: tuple[Event, ...], hand: str, length_s: float) -> NDArray[np.float64]:
    """Return the response to one hand's blocks every 0.1 s, 1 at a long block's plateau, shape (step,).

    Parameters
    ----------
    events
        Blocks of the task.
    hand
        ``right`` or ``left``; ``both`` blocks count for either.
    length_s
        How long.
    """
    steps = round(length_s / _HIDDEN_STEP_S)
    drive = np.zeros(steps)
    for event in events:
        if event.trial_type in (hand, "both"):
            first = round(event.onset_s / _HIDDEN_STEP_S)
            drive[first : first + round(event.duration_s / _HIDDEN_STEP_S)] = 1
    kernel = _response(np.arange(0, 32, _HIDDEN_STEP_S))
    return np.convolve(drive, kernel / kernel.sum())[:steps]


def _baseline(head: Head) -> Field:
    """Return the resting signal on the T1's grid with dropout near air, shape (i, j, k)."""
    d = head.distance_mm
    image = np.full(head.index.shape, _EPI["soft"], dtype=np.float32)
    image[-d["head"] < 5] = _EPI["fat"]
    image[(d["bone"] < 0) | (d["cranium"] < head.skull_mm)] = _EPI["bone"]
    inside = d["cranium"] < 0
    image[inside] = _EPI["csf"]
    image[inside & (head.tissue > 0)] = _EPI["grey"]
    image[inside & (head.white > 0)] = _EPI["white"]
    image[(d["air"] < 0) | (d["head"] > 0)] = 0
    image *= 1 - 0.85 * np.exp(-((np.maximum(d["air"], 0) / 11) ** 2))
    filled: Field = head.filled(image)
    return filled


def _percent_maps(person: Person, head: Head, response: Response) -> dict[str, Field]:
    """Return the response by hand as a share of the baseline, on the T1's grid, shape (i, j, k).

    The rest of the task's network answers in step with the stronger of the two hand areas.
    """
    opposite_share, own_share = _SHARES[response]
    network = np.float32(max(opposite_share, own_share))
    grey = np.clip(0.5 + 2 * head.tissue, 0, 1) * np.clip(0.5 - 2 * head.white, 0, 1)
    areas = {"right": hand_weight(person, head, "left"), "left": hand_weight(person, head, "right")}
    maps = {}
    for hand, other in (("right", "left"), ("left", "right")):
        total = np.float32(opposite_share) * areas[hand] + np.float32(own_share) * areas[other]
        for driver, centre, sigma_mm, share in _ELSEWHERE:
            if driver in (hand, "both"):
                total += (
                    network
                    * np.float32(share)
                    * grey
                    * response_weight(head.mni_mm, np.array(centre), sigma_mm)
                )
        full = _blurred(head.filled(areas[hand]), head).max()
        maps[hand] = _blurred(head.filled(total), head) * np.float32(person.traits.bold_percent / 100 / full)
    return maps


def _true_grid(person: Person) -> Grid:
    """Return the slab's true place in ``scanner``: it starts 4 mm above the vertex and misses the base."""
    rng = generator(person.seed, "phantom.bold.grid")
    vertex = person.scanner_from_mni(np.array([[0.0, -20.0, 84.0]]), frame=person.scanner_from_mni.source)[0]
    centre = vertex - np.array([0, 0, SLICES * _VOXEL_MM / 2]) + rng.uniform((-3, -3, 1), (3, 3, 5))
    affine = np.diag([-_VOXEL_MM, _VOXEL_MM, _VOXEL_MM, 1.0])
    affine[:3, 3] = centre - affine[:3, :3] @ ((np.array(_SHAPE) - 1) / 2)
    tilt = rigid_about(centre, np.deg2rad([rng.uniform(-6, 6), 0, 0]), np.zeros(3))
    return Grid(shape=_SHAPE, affine_mm=tilt @ affine, frame=SCANNER)


def _of_run(purpose: str, number: int) -> str:
    """Name a draw of one run; the first run's names carry no number, so that its bytes are those of ever."""
    return purpose if number == 1 else f"{purpose}.{number}"


def _motion(person: Person, number: int) -> NDArray[np.float64]:
    """Draw slow drift and small restlessness of the head: turns (rad) and shifts (mm), shape (time, 6)."""
    rng = generator(person.seed, _of_run("phantom.bold.motion", number))
    walk = np.cumsum(rng.standard_normal((VOLUMES, 6)), axis=0)
    walk = ndimage.gaussian_filter1d(walk, 4, axis=0)
    walk -= walk[:1]
    walk *= rng.uniform(0.5, 1.0, 6) * np.array([0.008, 0.004, 0.004, 0.25, 0.3, 0.5]) / np.ptp(walk, axis=0)
    jitter = rng.standard_normal((VOLUMES, 6)) * np.array([2e-4, 2e-4, 2e-4, 0.015, 0.015, 0.025])
    jitter[0] = 0
    return walk + jitter


def _blurred(values: Field, head: Head) -> Field:
    """Blur a volume to the extent of an echo-planar voxel."""
    voxel = head.grid.voxel_mm[0]
    return ndimage.gaussian_filter(values, np.sqrt(max(1.3**2 - (0.4 * voxel) ** 2, 0.01)) / voxel)


def _look(values: Field, head: Head, grid: Grid, moved: Matrix4) -> Field:
    """Look a T1-grid volume up on the slab after a motion of the head."""
    index_map = np.linalg.inv(head.grid.affine_mm) @ np.linalg.inv(moved) @ grid.affine_mm
    return ndimage.affine_transform(
        values, index_map[:3, :3], index_map[:3, 3], output_shape=grid.shape, order=1, output=np.float32
    )


def _drift(person: Person, number: int, time_count: int) -> tuple[Field, Field]:
    """Draw slow scanner drift: maps, shape (4, i, j, k), and courses, shape (4, time), of about 1 %."""
    rng = generator(person.seed, _of_run("phantom.bold.drift", number))
    maps = ndimage.gaussian_filter(rng.standard_normal((4, *_SHAPE), dtype=np.float32), (0, 5, 5, 5))
    maps /= maps.std()
    t = np.linspace(-1, 1, time_count)
    courses = np.stack([t, t**2 - 0.33, np.sin(2.2 * np.pi * t + rng.uniform(0, 6)), np.cos(4.1 * t)])
    return maps, (0.004 * courses).astype(np.float32)


def scan_hand_run(person: Person, head: Head, response: Response = "usual", number: int = 1) -> HandRun:
    """Scan the hand task.

    Parameters
    ----------
    person, head
        Who, and the sampled head.
    response
        How cortex answers.
    number
        Which run of the session: noise, drift and motion differ, the slab's place does not.

    Returns
    -------
    HandRun
        130 volumes at 3 mm, 2 s each.

    Notes
    -----
    Signal = baseline x (1 + response + drift) + noise. The baseline is looked up anew for each volume's head
    position, the response every ten volumes. Noise is first-order autoregressive (0.35), about 0.7 % of white
    matter and more near fluid. There is no geometric distortion and no effect of motion on magnetisation.
    """
    true_grid, motion, events = _true_grid(person), _motion(person, number), task_events()
    return HandRun(
        values=_volumes(person, _Scene.of(person, head, response), true_grid, motion, number),
        grid=true_grid.moved(person.scanner_from[BOLD].inverse()),
        slice_time_s=slice_times_s(),
        events=events,
        motion_mm=motion,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scene:
    """What the scanner looks at: signal at rest and response by hand, on the T1's grid."""

    head: Head
    baseline: Field
    maps: dict[str, Field]

    @classmethod
    def of(cls, person: Person, head: Head, response: Response) -> _Scene:
        """Make the scene."""
        rest = _blurred(_baseline(head), head)
        return cls(head=head, baseline=rest, maps=_percent_maps(person, head, response))


def _volumes(
    person: Person, scene: _Scene, grid: Grid, motion: NDArray[np.float64], number: int
) -> NDArray[np.int16]:
    """Take one volume after another, shape (i, j, k, time)."""
    head, maps, length_s = scene.head, scene.maps, (VOLUMES + 1) * REPETITION_TIME_S
    courses = {hand: task_course(task_events(), hand, length_s) for hand in maps}
    drift_maps, drift_courses = _drift(person, number, VOLUMES)
    rng = generator(person.seed, _of_run("phantom.bold.noise", number))
    centre = grid.mm_of((np.array([_SHAPE]) - 1) / 2)[0]
    noise = np.zeros(_SHAPE, dtype=np.float32)
    values = np.empty((*_SHAPE, VOLUMES), dtype=np.int16, order="F")
    for volume in range(VOLUMES):
        moved = rigid_about(centre, motion[volume, :3], motion[volume, 3:])
        rest = _look(scene.baseline, head, grid, moved)
        if volume % _RESPONSE_EVERY == 0:
            seen = {hand: _look(response, head, grid, moved) for hand, response in maps.items()}
        steps = np.round((volume * REPETITION_TIME_S + slice_times_s()) / _HIDDEN_STEP_S).astype(int)
        change = np.zeros(_SHAPE, dtype=np.float32)
        for course, place in zip(drift_courses[:, volume], drift_maps, strict=True):
            change += course * place
        for hand, response in seen.items():
            change += response * courses[hand][steps].astype(np.float32)
        fresh = rng.standard_normal(_SHAPE, dtype=np.float32)
        noise = np.float32(0.35) * noise + np.float32(0.937) * fresh if volume else fresh
        size = _NOISE_FRACTION * (0.9 + np.clip(rest - 1.1, 0, 1) * rest)
        image = np.abs(rest * (1 + change) + size * noise)
        values[..., volume] = np.round(_SIGNAL * image).astype(np.int16)
    return values
