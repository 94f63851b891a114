# SPDX-License-Identifier: Apache-2.0
"""Plans made again in surgery, numbered, beside the plan they follow: none replaces another."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trephine.case import layout
from trephine.case.records._arrays import get_array, put_array
from trephine.case.records.obstacles import LAYERS
from trephine.case.records.plan import table_bytes, with_origin
from trephine.case.store import Case, Writer
from trephine.core.errors import FormatError, InputError
from trephine.formats import markups
from trephine.model.ground import Ground
from trephine.model.obstacles import Obstacles
from trephine.model.replan import PicturePlace, Replan
from trephine.model.summary import StageSummary
from trephine.model.thread_plan import ThreadPlan

_STAGE = re.compile(r"replan([1-9][0-9]*)")
_REHEARSAL = re.compile(r"rehearsal([1-9][0-9]*)")


@dataclass(frozen=True, kw_only=True)
class Given:
    """Files that came with a request, as they were: the picture with its ending, and JSON by what it is."""

    picture: bytes
    ending: str
    json_files: dict[str, bytes]


def stage_of(number: int) -> str:
    """Return the name under which a plan made again is received and approved."""
    return f"replan{number}"


def number_of(stage: str) -> int | None:
    """Return the number of such a stage, or ``None`` for another one."""
    found = _STAGE.fullmatch(stage)
    return int(found[1]) if found else None


def rehearsal_of(number: int) -> str:
    """Return the name under which the rehearsal of such a plan is received."""
    return f"rehearsal{number}"


def is_of_surgery(stage: str) -> bool:
    """Tell a plan made again, or its rehearsal, from a stage of the path."""
    return bool(_STAGE.fullmatch(stage) or _REHEARSAL.fullmatch(stage))


def numbers(case: Case) -> tuple[int, ...]:
    """List the plans made again that were finished, in order."""
    kind = layout.spec("receipt")
    folder = case.path("receipt", stage="any").parent
    names = (kind.parse(case.subject, f"{kind.folder}/{path.name}") for path in folder.glob("*.json"))
    found = (number_of(name["stage"]) for name in names if name)
    return tuple(sorted(number for number in found if number is not None))


def write(made: Replan, given: Given, writer: Writer, number: int) -> None:
    """Lay a plan made again ready, with what it was made on and from."""
    run = str(number)
    plan = made.placement.plan
    writer.put_json("replan_plan", with_origin(plan, writer), number=run)
    writer.put("replan_table", table_bytes(plan), number=run)
    writer.put("replan_markups", markups.plan_bytes(plan), number=run)
    writer.put_json("replan_place", made.place, number=run)
    for field, layer in LAYERS.items():
        put_array(writer, "replan_layer", getattr(made.placement.obstacles, field), number=run, layer=layer)
    writer.put("replan_picture", given.picture, number=run, ending=given.ending)
    for what, data in given.json_files.items():
        writer.put("replan_given", data, number=run, what=what)


def read(case: Case, number: int) -> ThreadPlan:
    """Read a plan made again."""
    return ThreadPlan.model_validate_json(case.read_bytes("replan_plan", number=str(number)))


def read_receipt(case: Case, number: int) -> StageSummary:
    """Read the receipt of a plan made again.

    Raises
    ------
    InputError
        If there is no such plan.
    """
    receipt = case.receipt(stage_of(number))
    if receipt is None:
        raise InputError.because(
            where=f"{case.subject}, {stage_of(number)}",
            found="no such plan",
            expected=", ".join(map(stage_of, numbers(case))) or "a plan made again in surgery",
            remedy="Name one of them, or plan again on a picture first.",
        )
    return receipt


def read_picture(case: Case, receipt: StageSummary) -> bytes:
    """Read the picture that a plan was made on, as it was given."""
    number = str(number_of(receipt.stage))
    kind = layout.spec("replan_picture")
    for relative in receipt.outputs:
        name = kind.parse(case.subject, relative)
        if name is not None:
            return case.read_bytes("replan_picture", number=number, ending=name["ending"])
    raise FormatError.because(
        where=f"{case.subject}, {receipt.stage}",
        found="no picture among its results",
        expected="the picture it was made on",
        remedy="Plan again.",
    )


def read_place(case: Case, number: int) -> PicturePlace:
    """Read where the picture lies."""
    return PicturePlace.model_validate_json(case.read_bytes("replan_place", number=str(number)))


def read_obstacles(case: Case, number: int, ground: Ground) -> Obstacles:
    """Read what it was kept away from."""
    run = str(number)
    layers = {
        field: get_array(case, "replan_layer", number=run, layer=layer) for field, layer in LAYERS.items()
    }
    return Obstacles(
        scanner_from_implant=ground.scanner_from_implant,
        origin_mm=ground.origin_mm,
        pixel_mm=ground.pixel_mm,
        **layers,
    )
