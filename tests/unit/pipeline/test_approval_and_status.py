from __future__ import annotations

from pathlib import Path

import pytest

from trephine.case import report_sidecar
from trephine.case.store import Case
from trephine.core.errors import ConfigError, InputError
from trephine.pipeline.approval import Said, _run_first, approve
from trephine.pipeline.status import status


def _state(path3, stage: str, *overrides: str):
    case = status(path3.workspace(*overrides), path3.steps, with_settings=bool(overrides))
    return next(entry for entry in case.stages if entry.stage == stage)


def test_status_of_an_untouched_case(path3) -> None:
    case = status(path3.workspace(), path3.steps)
    assert [stage.state for stage in case.stages] == ["missing"] * 3
    assert not case.is_complete
    assert case.report is None


def test_status_gathers_figures_and_paths(path3) -> None:
    path3.run()
    stage = _state(path3, "insertion")
    assert stage.state == "fresh"
    assert stage.headlines[0].value == 4
    assert stage.summary == "derivatives/trephine/sub-01/receipts/sub-01_desc-insertion_summary.json"


def test_status_takes_the_settings_of_the_last_run_as_meant_unless_given_others(path3) -> None:
    path3.run("placement.word=b")
    assert _state(path3, "placement").state == "fresh"
    stage = _state(path3, "placement", "placement.word=c")
    assert (stage.state, stage.reason) == ("stale", "setting placement.word changed from b to c")
    assert _state(path3, "insertion", "placement.word=c").reason == "upstream placement is not fresh"


def test_an_approval_holds_until_something_upstream_changes(path3) -> None:
    path3.run()
    approve(path3.workspace(), path3.steps, Said(stage="placement", who="Dr A", note="good"))
    said = _state(path3, "placement").approval
    assert (said.state, said.who, said.note) == ("approved", "Dr A", "good")
    path3.run("insertion.word=z")
    assert _state(path3, "placement").approval.state == "approved"
    path3.run("opening.word=b")
    said = _state(path3, "placement").approval
    assert (said.state, said.reason) == ("void", "opening changed since")


def test_an_approval_is_void_while_its_scan_is_another_even_before_a_run(path3) -> None:
    path3.run()
    approve(path3.workspace(), path3.steps, Said(stage="insertion", who="Dr A"))
    (path3.case.study / "sub-01/anat/sub-01_T1w.nii.gz").write_text("t")
    said = _state(path3, "insertion").approval
    assert (said.state, said.reason) == ("void", "upstream opening is not fresh")


def test_a_rejection_is_the_last_word(path3) -> None:
    path3.run()
    approve(path3.workspace(), path3.steps, Said(stage="opening", who="Dr A"))
    approve(path3.workspace(), path3.steps, Said(stage="opening", who="Dr B", is_rejection=True, note="no"))
    assert _state(path3, "opening").approval.state == "rejected"


def test_a_forged_receipt_is_noticed(path3) -> None:
    path3.run("opening.word='a very long word that blocks'")
    receipt = path3.case.path("receipt", stage="opening")
    text = receipt.read_text()
    assert '"block"' in text
    receipt.write_text(text.replace('"block"', '"note"'))
    stage = _state(path3, "opening")
    assert (stage.state, stage.reason) == ("stale", "its receipt is not the one that the audit noted")


def test_what_may_not_be_approved(path3) -> None:
    with pytest.raises(InputError, match=r"found a missing result .* --to placement"):
        approve(path3.workspace(), path3.steps, Said(stage="placement", who="Dr A"))
    path3.run("opening.word='a very long word that blocks'")
    with pytest.raises(InputError, match="blocking finding TOO_LONG"):
        approve(path3.workspace(), path3.steps, Said(stage="placement", who="Dr A"))
    approve(path3.workspace(), path3.steps, Said(stage="placement", who="Dr A", is_rejection=True))
    with pytest.raises(InputError, match="an empty name"):
        approve(path3.workspace(), path3.steps, Said(stage="placement", who=" "))
    with pytest.raises(ConfigError, match="one of opening, placement, insertion"):
        approve(path3.workspace(), path3.steps, Said(stage="plan", who="Dr A"))


def test_an_approval_needs_everything_upstream_to_be_fresh(path3) -> None:
    path3.run()
    (path3.case.study / "sub-01/anat/sub-01_T1w.nii.gz").write_text("t")
    with pytest.raises(InputError, match="stage opening: found a stale result"):
        approve(path3.workspace(), path3.steps, Said(stage="insertion", who="Dr A"))


def test_an_approval_is_void_while_the_stage_itself_is_stale(path3) -> None:
    path3.run()
    approve(path3.workspace(), path3.steps, Said(stage="opening", who="Dr A"))
    (path3.case.study / "sub-01/anat/sub-01_T1w.nii.gz").write_text("t")
    said = _state(path3, "opening").approval
    assert (said.state, said.who) == ("void", "Dr A")
    assert "sub-01_T1w.nii.gz changed" in str(said.reason)


def test_a_report_is_current_until_a_result_an_approval_or_the_page_changes(path3) -> None:
    stages = [step.name for step in path3.steps]
    path3.run()
    page = path3.case.path("report")
    assert not report_sidecar.is_current(path3.case, stages)
    page.write_text("page")
    report_sidecar.write(path3.case, stages)
    assert status(path3.workspace(), path3.steps).is_report_current
    approve(path3.workspace(), path3.steps, Said(stage="opening", who="Dr A"))
    assert not status(path3.workspace(), path3.steps).is_report_current
    report_sidecar.write(path3.case, stages)
    path3.run("insertion.word=z")
    assert not status(path3.workspace(), path3.steps).is_report_current
    report_sidecar.write(path3.case, stages)
    page.write_text("another page")
    assert not status(path3.workspace(), path3.steps).is_report_current


def _word(path3, stage: str, *, registration: str | None = None, is_rejection: bool = False) -> None:
    said = Said(stage=stage, who="Dr A", registration=registration, is_rejection=is_rejection)
    approve(path3.workspace(), path3.steps, said)


def test_a_stage_waits_for_every_registration_it_rests_on(path3) -> None:
    path3.used = (("ct", "yes"), ("angio", "no"), ("swi", "yes"))
    path3.run()
    for stage in ("opening", "placement"):
        with pytest.raises(InputError, match=r"registration ct of opening, registration swi of opening"):
            _word(path3, stage)
    _word(path3, "opening", registration="ct")
    with pytest.raises(InputError, match=r"approval: registration swi of opening; .* --registration swi"):
        _word(path3, "placement")
    found = _state(path3, "opening").registrations
    assert {name: said.state for name, said in found.items()} == {"ct": "approved", "swi": "none"}
    assert _state(path3, "opening").approval.state == "none"
    _word(path3, "opening", registration="swi")
    _word(path3, "placement")
    assert _state(path3, "placement").approval.state == "approved"


def test_only_a_registration_that_is_used_can_be_approved(path3) -> None:
    path3.used = (("ct", "yes"), ("angio", "no"))
    path3.run()
    with pytest.raises(InputError, match=r"no registration 'angio' that is used; expected one of ct"):
        _word(path3, "opening", registration="angio")
    with pytest.raises(InputError, match="a stage that rests on a registration"):
        _word(path3, "placement", registration="ct")


def test_rejecting_a_registration_voids_what_rests_on_it(path3) -> None:
    path3.used = (("ct", "yes"),)
    path3.run()
    _word(path3, "opening", registration="ct")
    _word(path3, "insertion")
    _word(path3, "opening", registration="ct", is_rejection=True)
    said = _state(path3, "insertion").approval
    assert (said.state, said.reason) == ("void", "registration ct of opening is not approved")


def test_an_approved_registration_is_void_when_its_receipt_changes(path3) -> None:
    path3.used = (("ct", "yes"),)
    path3.run()
    _word(path3, "opening", registration="ct")
    path3.run("opening.word=b")
    assert _state(path3, "opening").registrations["ct"].state == "void"
    with pytest.raises(InputError, match="waiting for approval: registration ct"):
        _word(path3, "insertion")


def test_a_rejection_of_a_stage_needs_no_registration(path3) -> None:
    path3.used = (("ct", "yes"),)
    path3.run()
    _word(path3, "placement", is_rejection=True)
    assert _state(path3, "placement").approval.state == "rejected"


@pytest.mark.parametrize(
    ("stale", "command"),
    [("imaging", "trephine run STUDY sub-01 --to placement"), ("replan2", "trephine replan STUDY sub-01")],
)
def test_what_to_run_before_a_plan_made_again_is_approved(stale, command) -> None:
    case = Case(study=Path("STUDY"), subject="sub-01")
    assert command in _run_first(case, ["imaging", "placement", "replan2"], stale)
