# SPDX-License-Identifier: Apache-2.0
"""How an MR picture was taken, from classic or enhanced fields."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.formats.dicom.header import Header


@dataclass(frozen=True, kw_only=True)
class Physics:
    """What decides an MR picture's contrast.

    Parameters
    ----------
    repetition_ms, echo_ms, inversion_ms
        TR, TE, TI; absent where not stated.
    flip_deg
        Flip angle, as headers state it.
    is_spin, is_gradient, is_echo_planar
        Kinds of echo.
    is_spoiled, has_magnetisation_transfer
        Preparation.
    is_angiography, is_susceptibility, is_diffusion
        What the header says outright.
    """

    repetition_ms: float | None
    echo_ms: float | None
    inversion_ms: float | None
    flip_deg: float | None
    is_spin: bool
    is_gradient: bool
    is_echo_planar: bool
    is_spoiled: bool
    has_magnetisation_transfer: bool
    is_angiography: bool
    is_susceptibility: bool
    is_diffusion: bool


def physics_of(header: Header) -> Physics:
    """Read the fields of a classic or an enhanced picture."""
    sequence = set(header.words("ScanningSequence"))
    variant = set(header.words("SequenceVariant"))
    pulse, contrast = header.word("EchoPulseSequence"), header.word("AcquisitionContrast")
    is_diffusion = contrast == "DIFFUSION" or "DIFFUSION" in header.words("ImageType")
    return Physics(
        repetition_ms=header.number("RepetitionTime"),
        echo_ms=header.number("EffectiveEchoTime") or header.number("EchoTime"),
        inversion_ms=_positive(header.number("InversionTime")) or _positive(header.number("InversionTimes")),
        flip_deg=header.number("FlipAngle"),
        is_spin="SE" in sequence or pulse in ("SPIN", "BOTH"),
        is_gradient="GR" in sequence or pulse in ("GRADIENT", "BOTH") or sequence == {"EP"},
        is_echo_planar="EP" in sequence or header.word("EchoPlanarPulseSequence") == "YES",
        is_spoiled=bool(variant & {"SP"}) or header.word("Spoiling") in ("RF", "GRADIENT", "RF_AND_GRADIENT"),
        has_magnetisation_transfer="MTC" in variant,
        is_angiography=header.word("AngioFlag") == "Y"
        or contrast in ("TOF", "FLOW_ENCODED")
        or header.word("TimeOfFlightContrast") == "YES",
        is_susceptibility="SWI" in header.words("ImageType"),
        is_diffusion=is_diffusion or header.number("DiffusionBValue") is not None,
    )


def _positive(number_ms: float | None) -> float | None:
    """Take 0, which some scanners write for none, as none."""
    return number_ms if number_ms and number_ms > 0.0 else None
