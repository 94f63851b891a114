"""A path of three tiny stages: two copy and join texts, one counts letters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from trephine.case.store import Case, Writer
from trephine.core.findings import Finding, Outcome, Severity
from trephine.core.progress import Progress
from trephine.model.summary import Headline
from trephine.pipeline.request import Event, Request, RunResult
from trephine.pipeline.run import run
from trephine.pipeline.settings import resolve
from trephine.pipeline.step import Step, Workspace, kinds


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    times: int = 1
    word: str = "a"


@dataclass
class Path3:
    """The path of one person, and what was really computed."""

    case: Case
    steps: tuple[Step, ...]
    ran: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    during: dict[str, Callable[[], None]] = field(default_factory=dict)
    used: tuple[tuple[str, str], ...] = ()
    """Registrations that the first stage says it rests on: name and ``yes`` or ``no``."""

    def workspace(self, *overrides: str) -> Workspace:
        return Workspace(case=self.case, sections=resolve(kinds(self.steps), overrides=overrides))

    def run(self, *overrides: str, **request: Any) -> RunResult:
        self.ran.clear()
        self.events.clear()
        sections = self.workspace(*overrides).sections
        return run(self.case, self.steps, sections, Request(**request), tell=self.events.append)

    def results(self) -> dict[str, bytes]:
        """Every file but the log and the audit, by its path."""
        folder = self.case.derivatives
        names = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
        return {
            str(name): (folder / name).read_bytes()
            for name in names
            if "log" not in name.parts and not name.name.startswith("audit")
        }


_KEYS = {"opening": "opening", "placement": "plan", "insertion": "insertion"}


def _step(path: list[Path3], name: str, upstream: tuple[str, ...], kind: type[BaseModel]) -> Step:
    source = "bids::sub-01/anat/sub-01_T1w.nii.gz"

    def inputs(workspace: Workspace) -> dict[str, str]:
        file = workspace.case.study / "sub-01" / "anat" / "sub-01_T1w.nii.gz"
        return {source: workspace.sha256(file)} if name == "opening" else {}

    def work(workspace: Workspace, progress: Progress) -> Outcome[Any]:
        path[0].ran.append(name)
        progress(0, 2, "reading")
        path[0].during.get(name, lambda: None)()
        texts = [workspace.case.read_json(_KEYS[other])["text"] for other in upstream]
        if not upstream:
            texts = [(workspace.case.study / "sub-01/anat/sub-01_T1w.nii.gz").read_text()]
        settings = workspace.sections[name]
        text = "".join(texts) * settings.times + settings.word  # type: ignore[attr-defined]
        progress(2, 2, "done")
        blocked = Finding(code="TOO_LONG", severity=Severity.BLOCK, message="It is too long.")
        return Outcome(value={"text": text}, findings=(blocked,) if len(text) > 20 else ())

    def write(value: dict[str, str], writer: Writer) -> None:
        writer.put_json(_KEYS[name], value)

    def headlines(value: dict[str, str]) -> tuple[Headline, ...]:
        length = Headline(name="length", value=len(value["text"]), unit="1", label="Length")
        used = {"opening": path[0].used, "placement": ()}.get(name, ())
        return (
            length,
            *(Headline(name=f"{scan}.used", value=word, unit="word", label=scan) for scan, word in used),
        )

    return Step(
        name=name,
        version="1",
        upstream=upstream,
        sections={name: kind},
        inputs=inputs,
        work=work,
        write=write,
        headlines=headlines,
    )


@pytest.fixture
def path3(tmp_path: Path) -> Path3:
    study = tmp_path / "study"
    scan = study / "sub-01" / "anat" / "sub-01_T1w.nii.gz"
    scan.parent.mkdir(parents=True)
    scan.write_text("s")
    (study / "dataset_description.json").write_text(json.dumps({"Name": "Tiny", "BIDSVersion": "1.10.0"}))
    holder: list[Path3] = []
    steps = (
        _step(holder, "opening", (), Settings),
        _step(holder, "placement", ("opening",), Settings),
        _step(holder, "insertion", ("placement",), Settings),
    )
    holder.append(Path3(case=Case.of(study, "01"), steps=steps))
    return holder[0]
