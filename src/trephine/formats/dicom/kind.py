# SPDX-License-Identifier: Apache-2.0
"""What a volume shows, from the physics of its acquisition; words of its description come last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from trephine.formats.dicom.header import Header
from trephine.formats.dicom.order import Ordered
from trephine.formats.dicom.physics import Physics, physics_of


class Kind(StrEnum):
    """What a series is imported as; the value is the word for ``--series``."""

    T1W = "T1w"
    CE_T1W = "ceT1w"
    T2W = "T2w"
    PDW = "PDw"
    SWI = "swi"
    ANGIO = "angio"
    CT = "ct"
    CTA = "cta"
    BOLD = "bold"
    UNKNOWN = "unknown"

    @property
    def place(self) -> tuple[str, str, str]:
        """Folder, entities and suffix of its BIDS name."""
        return {
            Kind.CE_T1W: ("anat", "ce-gadolinium", "T1w"),
            Kind.CT: ("ct", "", "ct"),
            Kind.CTA: ("ct", "acq-angio", "ct"),
            Kind.BOLD: ("func", "", "bold"),
        }.get(self, ("anat", "", self.value))


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A kind and why.

    Parameters
    ----------
    kind
        What the series is taken for.
    reason
        The fields that decided, or why nothing did.
    """

    kind: Kind
    reason: str


_WORDS = {
    Kind.ANGIO: ("TOF", "MRA", "ANGIO", "COW", "INHANCE"),
    Kind.SWI: ("SWI", "SWAN", "VENBOLD", "SWIP", "SUSCEPTIBILITY"),
    Kind.BOLD: ("BOLD", "FMRI", "FUNC"),
    Kind.T1W: ("T1", "T1W", "MPRAGE", "MP2RAGE", "BRAVO", "FSPGR", "SPGR", "TFE", "VIBE", "T1TFE"),
    Kind.T2W: ("T2", "T2W", "T2TSE"),
    Kind.PDW: ("PD", "PDW", "PROTON"),
}
_CONTRAST_WORDS = (
    "GD",
    "GAD",
    "GADO",
    "GADOLINIUM",
    "POST",
    "CONTRAST",
    "CE",
    "KM",
    "C+",
    "+C",
    "POSTCONTRAST",
)
_CTA_WORDS = ("CTA", "ANGIO", "CTANGIO", "COW", "CAROTID", "ANGIOGRAPHY", "CAROTIDS", "WILLIS")
_NOT_CONTRAST = ("", "NONE", "NO", "N", "NO CONTRAST", "WITHOUT", "UNKNOWN", "-")


def judge(stack: Ordered) -> Judgement:
    """Say what a volume shows.

    Parameters
    ----------
    stack
        In order.

    Returns
    -------
    Judgement
        ``unknown`` where neither physics nor words are clear: it is never guessed.
    """
    header = stack.first.header
    words = words_of(header)
    has_agent = _has_agent(header)
    if header.word("Modality") == "CT":
        return _ct(header, words, has_agent=has_agent, repetitions=len(stack.pictures))
    found = _mr(physics_of(header), words, repetitions=len(stack.pictures))
    if found.kind is Kind.T1W and (has_agent or words & set(_CONTRAST_WORDS)):
        how = "a contrast agent is stated" if has_agent else "its description speaks of a contrast agent"
        return Judgement(kind=Kind.CE_T1W, reason=f"{found.reason}; {how}")
    return found


def words_of(header: Header) -> set[str]:
    """Return the words of a series' description and protocol, upper case."""
    text = " ".join(header.word(name) for name in ("SeriesDescription", "ProtocolName", "SequenceName"))
    return set(re.findall(r"\+?[A-Z0-9]+\+?", text))


def spoken(header: Header) -> str:
    """Return the description's words that are words of imaging; all others may be a person's."""
    known = {word for group in _WORDS.values() for word in group} | set(_CONTRAST_WORDS) | set(_CTA_WORDS)
    known |= {
        "FLAIR",
        "DWI",
        "DTI",
        "REST",
        "TASK",
        "AX",
        "SAG",
        "COR",
        "3D",
        "2D",
        "TSE",
        "FSE",
        "SE",
        "GRE",
    }
    known |= {"EPI", "HEAD", "BRAIN", "BONE", "THIN", "SOFT", "SPACE", "CUBE", "HAND", "MOTOR", "CT", "MR"}
    return " ".join(sorted(words_of(header) & known)).lower()


def _has_agent(header: Header) -> bool:
    if header.raw("ContrastBolusAgentSequence"):
        return True
    return header.word("ContrastBolusAgent") not in _NOT_CONTRAST


def _ct(header: Header, words: set[str], *, has_agent: bool, repetitions: int) -> Judgement:
    kind = header.word("RescaleType")
    if repetitions > 1:
        return Judgement(kind=Kind.UNKNOWN, reason="a CT repeated over time (perfusion)")
    if kind not in ("", "HU", "US"):
        return Judgement(kind=Kind.UNKNOWN, reason="values that are no Hounsfield units (RescaleType)")
    is_angio = bool(words & set(_CTA_WORDS))
    if has_agent and is_angio:
        return Judgement(kind=Kind.CTA, reason="CT with contrast agent, described as angiography")
    if has_agent:
        return Judgement(kind=Kind.UNKNOWN, reason="a CT with contrast agent: say ct or cta")
    if is_angio:
        return Judgement(
            kind=Kind.UNKNOWN, reason="a CT described as angiography that states no agent: say ct or cta"
        )
    return Judgement(kind=Kind.CT, reason="CT without contrast agent")


def _mr(physics: Physics, words: set[str], *, repetitions: int) -> Judgement:
    """Go through the kinds from the most to the least distinct."""
    if physics.is_diffusion:
        return Judgement(kind=Kind.UNKNOWN, reason="diffusion-weighted")
    if physics.is_echo_planar:
        if repetitions >= 10 and physics.is_gradient and not physics.is_spin:
            return Judgement(kind=Kind.BOLD, reason=f"gradient echo-planar, {repetitions} volumes")
        return Judgement(kind=Kind.UNKNOWN, reason=f"echo-planar, {repetitions} volumes: no run")
    if repetitions > 1:
        return Judgement(kind=Kind.UNKNOWN, reason=f"{repetitions} volumes that are not echo-planar")
    if physics.is_susceptibility:
        return Judgement(kind=Kind.SWI, reason="ImageType says susceptibility-weighted")
    if physics.is_angiography:
        return Judgement(kind=Kind.ANGIO, reason="the header says angiography (AngioFlag or time of flight)")
    found = _by_times(physics, words)
    if found is not None:
        return found
    return _by_words(words)


def _by_times(physics: Physics, words: set[str]) -> Judgement | None:
    """Judge spin and gradient echoes by TR, TE and TI in ms; ``None`` where these leave it open.

    Bounds separate the textbook weightings with wide gaps between them; assumed.
    """
    tr, te, ti = physics.repetition_ms, physics.echo_ms, physics.inversion_ms
    if tr is None or te is None:
        return None
    said = f"TR {tr:.0f}, TE {te:.1f}" + (f", TI {ti:.0f} ms" if ti else " ms")
    if physics.is_spin and not physics.is_gradient:
        if ti and ti >= 1500.0 and te >= 60.0:
            return Judgement(kind=Kind.UNKNOWN, reason=f"FLAIR ({said}), which planning does not use")
        if te >= 60.0 and tr >= 1800.0 and not ti:
            return Judgement(kind=Kind.T2W, reason=f"spin echo, {said}")
        if te <= 40.0 and tr >= 1800.0 and not ti:
            return Judgement(kind=Kind.PDW, reason=f"spin echo, {said}")
        is_t1 = te <= 30.0 and (tr <= 1000.0 or (ti is not None and 400.0 <= ti <= 1300.0))
        return Judgement(kind=Kind.T1W, reason=f"spin echo, {said}") if is_t1 else None
    if physics.is_gradient:
        if words & set(_WORDS[Kind.ANGIO]) or physics.has_magnetisation_transfer:
            return (
                None
                if te > 10.0
                else Judgement(kind=Kind.ANGIO, reason=f"gradient echo made for flow, {said}")
            )
        if te <= 10.0 and ti is not None and 300.0 <= ti <= 1500.0:
            return Judgement(kind=Kind.T1W, reason=f"inversion-prepared gradient echo, {said}")
        if te <= 10.0 and physics.is_spoiled and (physics.flip_deg or 0.0) >= 6.0 and tr <= 600.0:
            return Judgement(kind=Kind.T1W, reason=f"spoiled gradient echo, {said}")
    return None


def _by_words(words: set[str]) -> Judgement:
    """Take the description's word where physics leave it open, if only one kind is named."""
    named = [kind for kind, those in _WORDS.items() if words & set(those)]
    if Kind.BOLD in named:
        named.remove(Kind.BOLD)
    if "FLAIR" in words or len(named) != 1:
        return Judgement(kind=Kind.UNKNOWN, reason="neither timing nor description is clear")
    return Judgement(kind=named[0], reason="timing leaves it open; its description names it")
