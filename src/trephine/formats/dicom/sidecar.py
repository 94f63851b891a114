# SPDX-License-Identifier: Apache-2.0
"""What a sidecar may say: numbers, and words from closed lists. Free text never leaves the DICOM files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from trephine.formats.dicom.header import Header

_NUMBERS = (
    "MagneticFieldStrength", "RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "SliceThickness",
    "SpacingBetweenSlices", "EffectiveEchoSpacing", "TotalReadoutTime", "MultibandAccelerationFactor",
    "ParallelReductionFactorInPlane", "PixelBandwidth", "EchoTrainLength", "KVP", "XRayTubeCurrent",
    "ImagingFrequency", "RepetitionTimeExcitation", "RepetitionTimePreparation", "DelayTime",
    "NumberOfVolumesDiscardedByScanner", "DwellTime",
)  # fmt: skip
_LISTS = ("SliceTiming",)
_WORDS: dict[str, frozenset[str]] = {
    "Modality": frozenset({"MR", "CT"}),
    "PhaseEncodingDirection": frozenset({"i", "i-", "j", "j-", "k", "k-"}),
    "SliceEncodingDirection": frozenset({"i", "i-", "j", "j-", "k", "k-"}),
    "MRAcquisitionType": frozenset({"2D", "3D"}),
    "PatientPosition": frozenset({"HFS", "HFP", "HFDR", "HFDL", "FFS", "FFP", "FFDR", "FFDL"}),
    "Manufacturer": frozenset(
        {"Siemens", "GE", "Philips", "Toshiba", "Canon", "Hitachi", "Bruker", "UIH", "Mediso", "MRSolutions"}
    ),
}
_SEQUENCES: dict[str, frozenset[str]] = {
    "ScanningSequence": frozenset({"SE", "IR", "GR", "EP", "RM"}),
    "SequenceVariant": frozenset({"SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "NONE"}),
}
_STATED = {
    "MagneticFieldStrength": 1.0, "RepetitionTime": 1000.0, "EchoTime": 1000.0, "InversionTime": 1000.0,
    "FlipAngle": 1.0, "SliceThickness": 1.0, "SpacingBetweenSlices": 1.0, "PixelBandwidth": 1.0, "KVP": 1.0,
    "XRayTubeCurrent": 1.0,
}  # fmt: skip
"""DICOM's milliseconds are BIDS's seconds."""
_LONGEST_LIST = 1024


def allowed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the fields that cannot tell who was scanned, where or when.

    Parameters
    ----------
    fields
        A sidecar from anywhere.

    Returns
    -------
    dict
        Its numbers, and its words from closed lists, under known names; everything else is left out.
    """
    kept: dict[str, Any] = {}
    for name in _NUMBERS:
        if _is_number(fields.get(name)):
            kept[name] = fields[name]
    for name in _LISTS:
        value = fields.get(name)
        if (
            isinstance(value, list)
            and len(value) <= _LONGEST_LIST
            and all(_is_number(part) for part in value)
        ):
            kept[name] = value
    for name, words in _WORDS.items():
        if fields.get(name) in words:
            kept[name] = fields[name]
    for name, words in _SEQUENCES.items():
        value = fields.get(name)
        parts = value.replace("\\", "_").split("_") if isinstance(value, str) else []
        if parts and all(part in words for part in parts):
            kept[name] = "\\".join(parts)
    return kept


def stated(header: Header) -> dict[str, Any]:
    """Return the allowed fields that a DICOM header itself states, in BIDS units."""
    fields: dict[str, Any] = {
        "Modality": header.word("Modality"),
        "PatientPosition": header.word("PatientPosition"),
    }
    for name, divisor in _STATED.items():
        number = header.number(name)
        if number is not None:
            fields[name] = number / divisor
    for name in _SEQUENCES:
        fields[name] = "_".join(header.words(name))
    fields["MRAcquisitionType"] = header.word("MRAcquisitionType")
    return allowed(fields)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
