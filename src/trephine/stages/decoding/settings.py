# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about decoding."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from trephine.model.decoder import DecoderKind


class Settings(BaseModel):
    """Method and its sizes; every default without evidence is assumed by us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DecoderKind = Field(
        "latent", description="ridge with history, kernel (ridge that bends), kalman, or latent dynamics"
    )
    scaling: Literal["own", "pooled"] = Field(
        "own",
        description="Scale of channels in training: of each recording, or of all together. Own scales stand "
        "for what a later recording's unlabelled part will give",
    )
    least_spread_index: float = Field(
        0.15, gt=0, description="Floor of a channel's spread, in roots of counts a bin"
    )
    history_s: float = Field(0.512, gt=0, description="Time a linear map looks back (ridge)")
    penalty_shares: tuple[float, ...] = Field(
        (0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
        min_length=1,
        description="Penalties to choose from, on held-out blocks of the training part (ridge)",
    )
    span_edges_s: tuple[float, ...] = Field(
        (0.0, 0.128, 0.256, 0.384, 0.64),
        min_length=2,
        description="Ends of the spans of the past over which channels are summed (kernel)",
    )
    landmark_count: int = Field(2000, ge=10, description="Most landmarks (kernel)")
    width_shares: tuple[float, ...] = Field(
        (0.4, 0.8, 1.6, 3.2), min_length=1, description="Squared widths of bells to choose from (kernel)"
    )
    kernel_penalty_shares: tuple[float, ...] = Field(
        (0.03, 0.1, 0.3), min_length=1, description="Penalties to choose from (kernel)"
    )
    block_count: int = Field(
        5,
        ge=2,
        description="Blocks of the training part for that choice; the last is held out by kernel and kalman",
    )
    most_lead_s: float = Field(
        0.2, ge=0, description="Longest lead of channels before movement to choose from (kalman)"
    )
    lead_s: float = Field(
        0.128, ge=0, description="Lead of channels before movement; two to three bins of 64 ms (latent)"
    )
    states: int = Field(24, ge=2, description="Latents")
    rounds: int = Field(25, ge=1, description="Rounds of expectation-maximisation with labels (latent)")
    rounds_again: int = Field(
        2, ge=1, description="Rounds without labels on a later recording (latent); 2, 4 and 8 do alike"
    )
    penalty_again_share: float = Field(
        0.3, gt=0, description="Penalty of the map with history that is learned without labels (latent)"
    )
    unlabelled_share: float = Field(
        0.8,
        gt=0,
        lt=1,
        description="First part of a recording that may be learned from; scores count after it",
    )
