"""Every field that the code asks for is read."""

import re
from pathlib import Path

import trephine
from trephine.formats.dicom.fields import READ
from trephine.formats.dicom.picture import _TIMES
from trephine.formats.dicom.sidecar import _STATED, allowed

FOLDER = Path(trephine.__file__).parent / "formats" / "dicom"


def test_every_field_asked_for_is_read() -> None:
    asked = set(_TIMES) | set(_STATED)
    for path in FOLDER.glob("*.py"):
        found = re.findall(r'(?:words?|numbers?|integer|raw)\(\s*"([A-Z][A-Za-z]+)"\)', path.read_text())
        asked |= set(found) | set(re.findall(r'\.get\("([A-Z][A-Za-z]+)"\)', path.read_text()))
    assert len(asked) > 40
    assert sorted(asked - set(READ) - {"TransferSyntaxUID"}) == []


def test_a_sidecar_keeps_numbers_and_words_of_closed_lists_alone() -> None:
    given = {"RepetitionTime": 2.0, "EchoTime": "2.0", "FlipAngle": float("nan"), "Modality": "MR",
             "Manufacturer": "Siemens of Dr Who", "SliceTiming": [0.0, 1.0], "PatientName": "x",
             "ScanningSequence": "GR_IR", "SequenceVariant": "GR_Who", "KVP": True}  # fmt: skip
    assert allowed(given) == {"RepetitionTime": 2.0, "SliceTiming": [0.0, 1.0], "Modality": "MR",
                              "ScanningSequence": "GR\\IR"}  # fmt: skip
