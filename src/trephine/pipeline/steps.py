# SPDX-License-Identifier: Apache-2.0
"""The path of one participant: every stage with what it reads, uses and writes.

A stage's method is imported only when it runs, so that asking for the status loads no heavy library.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from trephine.case.records import anatomy, hand_map, insertion_log, opening, plan, screening, seat
from trephine.core.errors import InternalError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress
from trephine.formats.inputs import read_rest_runs, read_t1, read_task_runs
from trephine.formats.scans import read_scans
from trephine.formats.template import read_template
from trephine.model.activation import HandMap
from trephine.model.anatomy import ImagingResult
from trephine.model.insertion_log import InsertionLog
from trephine.model.obstacles import PlacementResult
from trephine.model.opening import OpeningResult
from trephine.model.screening import Screening
from trephine.model.seat import SeatResult
from trephine.model.summary import Headline
from trephine.phantom.motion import MotionSettings
from trephine.pipeline import inputs
from trephine.pipeline.choices import DeviceSettings, LimitsSettings, PowerSettings, RobotSettings
from trephine.pipeline.step import Step, Steps, Workspace
from trephine.stages import closure as closure_stage
from trephine.stages import imaging as imaging_stage
from trephine.stages import insertion as insertion_stage
from trephine.stages import mapping as mapping_stage
from trephine.stages import opening as opening_stage
from trephine.stages import placement as placement_stage
from trephine.stages import screening as screening_stage
from trephine.stages.closure.seat_settings import Settings as SeatSettings
from trephine.stages.imaging.settings import Settings as ImagingSettings
from trephine.stages.insertion.settings import Settings as InsertionSettings
from trephine.stages.mapping.settings import Settings as MappingSettings
from trephine.stages.opening.settings import Settings as OpeningSettings
from trephine.stages.placement.settings import Settings as PlacementSettings
from trephine.stages.screening.settings import Settings as ScreeningSettings

Model = TypeVar("Model", bound=BaseModel)


def _settings(workspace: Workspace, section: str, kind: type[Model]) -> Model:
    """Return a section's settings as the class its stage expects."""
    settings = workspace.sections[section]
    if not isinstance(settings, kind):
        raise InternalError.because(
            where=f"section {section}",
            found=type(settings).__name__,
            expected=kind.__name__,
            remedy="This is a fault of trephine; please report it.",
        )
    return settings


def _imaging(workspace: Workspace, progress: Progress) -> Outcome[ImagingResult]:
    from trephine.stages.imaging.run import run

    files = workspace.files
    return run(
        read_t1(files),
        others=read_scans(files.scans),
        template=read_template(),
        settings=_settings(workspace, "imaging", ImagingSettings),
        progress=progress,
    )


def _imaging_headlines(result: ImagingResult) -> tuple[Headline, ...]:
    from trephine.stages.imaging.headlines import headlines

    return headlines(result)


def _mapping(workspace: Workspace, progress: Progress) -> Outcome[HandMap]:
    from trephine.stages.mapping.run import run

    return run(
        read_task_runs(workspace.files, named=inputs.hand_names(workspace)),
        inputs.anatomy(workspace),
        settings=_settings(workspace, "mapping", MappingSettings),
        rest=read_rest_runs(workspace.files),
        progress=progress,
    )


def _mapping_hashes(workspace: Workspace) -> dict[str, str]:
    files = [path for run in workspace.files.runs for path in (run.bold, *run.sidecars, run.events)]
    files += [path for run in workspace.files.rest for path in (run.bold, *run.sidecars)]
    return workspace.hashes(*files)


def _mapping_headlines(hand: HandMap) -> tuple[Headline, ...]:
    from trephine.stages.mapping.headlines import headlines

    return headlines(hand)


def _screening(workspace: Workspace, progress: Progress) -> Outcome[Screening]:
    from trephine.stages.screening.run import Evidence, run

    return run(
        Evidence(
            participant=inputs.participant(workspace),
            anatomy=inputs.anatomy(workspace),
            hand_map=inputs.hand_map(workspace),
            angiogram=inputs.angiogram(workspace),
            registrations=inputs.registrations(workspace),
            noticed=inputs.noticed(workspace, "imaging"),
            looked_for=imaging_stage.LOOKS_FOR,
        ),
        inputs.device(workspace),
        inputs.rules(workspace),
        settings=_settings(workspace, "screening", ScreeningSettings),
        progress=progress,
    )


def _screening_headlines(judged: Screening) -> tuple[Headline, ...]:
    from trephine.stages.screening.headlines import headlines

    return headlines(judged)


def _opening(workspace: Workspace, progress: Progress) -> Outcome[OpeningResult]:
    from trephine.stages.opening.run import run

    return run(
        inputs.anatomy(workspace),
        inputs.hand_map(workspace),
        inputs.angiogram(workspace),
        inputs.device(workspace),
        settings=_settings(workspace, "opening", OpeningSettings),
        progress=progress,
    )


def _opening_headlines(made: OpeningResult) -> tuple[Headline, ...]:
    from trephine.stages.opening.headlines import headlines

    return headlines(made)


def _placement(workspace: Workspace, progress: Progress) -> Outcome[PlacementResult]:
    from trephine.stages.placement.run import run

    return run(
        inputs.opening(workspace),
        inputs.anatomy(workspace),
        inputs.hand_map(workspace),
        inputs.angiogram(workspace),
        inputs.live_view(workspace),
        inputs.device(workspace),
        inputs.robot(workspace),
        limits=inputs.limits(workspace),
        settings=_settings(workspace, "placement", PlacementSettings),
        progress=progress,
    )


def _placement_headlines(result: PlacementResult) -> tuple[Headline, ...]:
    from trephine.stages.placement.headlines import headlines

    return headlines(result)


def _insertion(workspace: Workspace, progress: Progress) -> Outcome[InsertionLog]:
    from trephine.phantom.motion import brain_motion
    from trephine.stages.insertion.run import run

    settings = _settings(workspace, "insertion", InsertionSettings)
    motion = _settings(workspace, "motion", MotionSettings)
    return run(
        inputs.plan(workspace),
        inputs.obstacles(workspace),
        inputs.device(workspace),
        inputs.robot(workspace),
        brain_motion(settings.seed, motion, settings.motion_duration_s),
        settings=settings,
        progress=progress,
    )


def _insertion_headlines(rehearsal: InsertionLog) -> tuple[Headline, ...]:
    from trephine.stages.insertion.headlines import headlines

    return headlines(rehearsal)


def _closure(workspace: Workspace, progress: Progress) -> Outcome[SeatResult]:
    from trephine.stages.closure.seat_run import Given, run

    return run(
        Given(
            opening=inputs.opening(workspace),
            plan=inputs.plan(workspace),
            anatomy=inputs.anatomy(workspace),
            angiogram=inputs.angiogram(workspace),
            device=inputs.device(workspace),
            power=inputs.power(workspace),
        ),
        settings=_settings(workspace, "seat", SeatSettings),
        progress=progress,
    )


def _closure_headlines(result: SeatResult) -> tuple[Headline, ...]:
    from trephine.stages.closure.headlines import headlines

    return headlines(result)


STEPS: Steps = (
    Step(
        name="imaging",
        version=imaging_stage.VERSION,
        upstream=(),
        sections={"input": inputs.InputSettings, "imaging": ImagingSettings},
        inputs=lambda workspace: workspace.hashes(
            workspace.files.t1w, *(scan.path for scan in workspace.files.scans)
        ),
        work=_imaging,
        write=anatomy.write,
        headlines=_imaging_headlines,
    ),
    Step(
        name="mapping",
        version=mapping_stage.VERSION,
        upstream=("imaging",),
        sections={"mapping": MappingSettings},
        inputs=_mapping_hashes,
        work=_mapping,
        write=hand_map.write,
        headlines=_mapping_headlines,
    ),
    Step(
        name="screening",
        version=screening_stage.VERSION,
        upstream=("imaging", "mapping"),
        sections={
            "screening": ScreeningSettings,
            "rules": inputs.RulesSettings,
            "device": DeviceSettings,
        },
        inputs=lambda workspace: (
            inputs.participant_hash(workspace) | inputs.rules_hash(workspace) | inputs.device_hash(workspace)
        ),
        work=_screening,
        write=screening.write,
        headlines=_screening_headlines,
    ),
    Step(
        name="opening",
        version=opening_stage.VERSION,
        upstream=("imaging", "mapping"),
        sections={"opening": OpeningSettings, "device": DeviceSettings},
        inputs=inputs.device_hash,
        work=_opening,
        write=opening.write,
        headlines=_opening_headlines,
    ),
    Step(
        name="placement",
        version=placement_stage.VERSION,
        upstream=("imaging", "mapping", "opening"),
        sections={
            "placement": PlacementSettings,
            "limits": LimitsSettings,
            "device": DeviceSettings,
            "robot": RobotSettings,
        },
        inputs=lambda workspace: (
            inputs.live_view_hash(workspace)
            | inputs.limits_hash(workspace)
            | inputs.device_hash(workspace)
            | inputs.robot_hash(workspace)
        ),
        work=_placement,
        write=plan.write,
        headlines=_placement_headlines,
    ),
    Step(
        name="insertion",
        version=insertion_stage.VERSION,
        upstream=("placement",),
        sections={
            "insertion": InsertionSettings,
            "motion": MotionSettings,
            "device": DeviceSettings,
            "robot": RobotSettings,
        },
        inputs=lambda workspace: inputs.device_hash(workspace) | inputs.robot_hash(workspace),
        work=_insertion,
        write=insertion_log.write,
        headlines=_insertion_headlines,
    ),
    Step(
        name="closure",
        version=closure_stage.VERSION,
        upstream=("imaging", "opening", "placement"),
        sections={"seat": SeatSettings, "device": DeviceSettings, "power": PowerSettings},
        inputs=lambda workspace: inputs.device_hash(workspace) | inputs.power_hash(workspace),
        work=_closure,
        write=seat.write,
        headlines=_closure_headlines,
    ),
)
"""Every stage, in the order in which they are run."""
