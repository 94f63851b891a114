"""Write the reference pages that follow from the code: findings, settings, files, devices, schemas.

``python docs/generate.py`` writes them; a test fails while they are not as this would write them.
"""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

import trephine
from trephine.core.sourced import Sourced
from trephine.formats.device_file import (
    device_names,
    power_names,
    read_device,
    read_power,
    read_robot,
    robot_names,
)
from trephine.formats.participant_columns import columns
from trephine.model.device import Device, Robot
from trephine.model.insertion_log import InsertionLog
from trephine.model.opening import Opening
from trephine.model.power import PowerProfile
from trephine.model.screening import Screening
from trephine.model.seat import Seat
from trephine.model.summary import StageSummary
from trephine.model.thread_plan import ThreadPlan
from trephine.model.tissue_heat import ImplantHeat
from trephine.pipeline.steps import STEPS
from trephine.safety.reading import read_rules
from trephine.safety.rules import Rule
from trephine.stages.closure.settings import Settings as ClosureSettings
from trephine.stages.decoding.settings import Settings as DecodingSettings

REFERENCE = Path(__file__).parent / "reference"
PACKAGE = Path(trephine.__file__).parent
SCHEMAS = (
    Device,
    Robot,
    Opening,
    ThreadPlan,
    InsertionLog,
    Screening,
    Seat,
    PowerProfile,
    StageSummary,
    ImplantHeat,
)
NOTE = "<!-- Written by docs/generate.py; change the code or findings.d, then run `make docs`. -->\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Give every generated page with its text."""
    yield REFERENCE / "findings.d" / "screening.md", screening_findings()
    yield REFERENCE / "findings.md", findings()
    yield REFERENCE / "participants.md", participants()
    yield REFERENCE / "settings.md", settings()
    yield REFERENCE / "case-folder.md", case_folder()
    yield REFERENCE / "devices.md", devices()
    for model in SCHEMAS:
        name = "".join("-" + c.lower() if c.isupper() else c for c in model.__name__).lstrip("-")
        schema = json.dumps(model.model_json_schema(), indent=1, ensure_ascii=False) + "\n"
        yield REFERENCE / "schemas" / f"{name}.json", schema


def findings() -> str:
    """Join the stages' pages in the order of the operation."""
    parts = [NOTE, "# Findings\n"]
    parts.append(
        "What a stage can notice. Severities: `note` informs, `warn` asks for a person's judgement, "
        "`unknown` says that what is needed to judge is missing, `block` forbids going on to surgery.\n"
    )
    for name in ("import", *(step.name for step in STEPS), "decoding"):
        page = REFERENCE / "findings.d" / f"{name}.md"
        # The screening's page is made from its rules.
        text = screening_findings() if name == "screening" else page.read_text()
        text = text.split("\n", 1)[1].strip()
        parts.append(f"## {name.capitalize()}\n\n{text}\n")
    return "\n".join(parts)


def screening_findings() -> str:
    """Write what every packaged screening rule finds, with its limits and sources."""
    parts = ["# Findings of the screening stage\n", (REFERENCE / "screening-head.txt").read_text()]
    for rule in read_rules().rules:
        parts.append(f"### {rule.code}\n\n{_wrapped(f'{rule.question} {rule.reason}')}\n")
        parts.append(f"{_wrapped(_basis(rule))}\n\n{_wrapped(f'**What to do.** {rule.remedy}')}\n")
    return "\n".join(parts)


def _basis(rule: Rule) -> str:
    """Say in words what a rule holds its figure or answer against."""
    if rule.kind == "figure":
        told = [_limit(name, limit) for name, limit in rule.limits.items()]
        return f"Limits: {'; '.join(told)}." if told else "Limit: that of the device file (`body.bump_mm`)."
    if rule.basis is None:
        return ""
    source = f"{rule.basis.source}: {rule.basis.note}" if rule.basis.note else rule.basis.source
    if rule.kind == "answer":
        word, verdict = ("yes", rule.if_yes) if rule.if_yes else ("no", rule.if_no)
        does = "blocks" if verdict == "block" else "is of concern"
        return f"A {word} {does} ({source}). Not said is unknown."
    lists = (
        ("passes", rule.pass_words),
        ("is of concern", rule.concern_words),
        ("blocks", rule.block_words),
    )
    told = [f"{does}: {', '.join(f'`{word}`' for word in words)}" for does, words in lists if words]
    return f"What {'; '.join(told)} ({source}). Not said is unknown."


def _limit(name: str, limit: Sourced) -> str:
    gravity, side = name.split("_")
    does = "blocks" if gravity == "block" else "of concern"
    note = f"; {limit.note}" if limit.note else ""
    unit = "" if limit.unit == "1" else f" {limit.unit}"
    return f"{does} {'below' if side == 'low' else 'above'} {limit.value:g}{unit} ({limit.source}{note})"


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 118, break_long_words=False, break_on_hyphens=False))


def participants() -> str:
    """List every column of participants.tsv that is read."""
    parts = [
        NOTE,
        "# Columns of participants.tsv\n",
        "Every column may be left out, and every cell may be `n/a`: what is not said stays unknown and is",
        "never taken for no. [How to answer the screening](../how-to/answer-the-screening.md) says more.\n",
        "| column | cells | meaning |",
        "| --- | --- | --- |",
    ]
    for name, column in columns().items():
        cells = {
            "number": f"{column.unit}, {column.low:g} to {column.high:g}",
            "answer": "`yes` or `no`",
            "word": ", ".join(f"`{word}`" for word in column.words),
        }[column.kind]
        also = "".join(f" or `{other}`" for other in column.also)
        parts.append(f"| `{name}`{also} | {cells} | {_cell(column.meaning)} |")
    return "\n".join(parts) + "\n"


def settings() -> str:
    """List every setting of every section with its default."""
    parts = [NOTE, "# Settings\n"]
    parts.append(
        "Set one with `--set SECTION.NAME=VALUE`, or several in a TOML file given as `--settings FILE`.\n"
    )
    kinds = {name: kind for step in STEPS for name, kind in step.sections.items()}
    for name, kind in {**kinds, "closure": ClosureSettings, "decoding": DecodingSettings}.items():
        parts.append(f"## {name}\n\n| setting | default | meaning |\n| --- | --- | --- |")
        for field, info in kind.model_fields.items():
            default = info.get_default(call_default_factory=True)
            shown = "nested table" if isinstance(default, BaseModel) else f"`{default}`"
            parts.append(f"| `{field}` | {shown} | {_cell(info.description or '')} |")
        parts.append("")
    return "\n".join(parts)


def case_folder() -> str:
    """List every file of a case folder."""
    layout = tomllib.loads((PACKAGE / "case" / "layout.toml").read_text())["files"]
    parts = [
        NOTE,
        "# Files of a case\n",
        "| folder | file | what it is | unit | frame |",
        "| --- | --- | --- | --- | --- |",
    ]
    for entry in layout.values():
        columns = [entry.get(key, "") for key in ("folder", "name", "description", "unit", "frame")]
        parts.append(
            "| " + " | ".join(f"`{c}`" if i == 1 else _cell(c) for i, c in enumerate(columns)) + " |"
        )
    return "\n".join(parts) + "\n"


def devices() -> str:
    """List every figure of every packaged device, robot and power profile with its source."""
    parts = [NOTE, "# Devices, robots and power profiles\n"]
    parts.append(
        "Citation keys are those of `docs/references.bib`. A file of your own has the same layout.\n"
    )
    things = (*map(read_device, device_names()), *map(read_robot, robot_names()))
    for thing in (*things, *map(read_power, power_names())):
        parts.append(f"## {thing.name}\n\n{thing.description}\n")
        parts.append(
            "| figure | value | range | source | confidence | note |\n| --- | --- | --- | --- | --- | --- |"
        )
        for name, entry in _entries(thing, ""):
            span = "" if entry.low is None and entry.high is None else f"{entry.low} to {entry.high}"
            row = (
                f"`{name}`",
                f"{entry.value:g} {entry.unit}",
                span,
                entry.source,
                entry.confidence,
                entry.note,
            )
            parts.append("| " + " | ".join(_cell(str(cell)) for cell in row) + " |")
        parts.append("")
    return "\n".join(parts)


def _entries(model: BaseModel, before: str) -> Iterator[tuple[str, Sourced]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Sourced):
            yield before + name, value
        elif isinstance(value, BaseModel):
            yield from _entries(value, f"{before}{name}.")
        elif isinstance(value, tuple):
            for entry in value:
                yield from _entries(entry, f"{before}{name}.{entry.name}.")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for path, text in pages():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
