# SPDX-License-Identifier: Apache-2.0
"""What stands beside every result: what it is, and what it was made from."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Source(_Part):
    """One thing a result was made from.

    Parameters
    ----------
    uri
        A BIDS URI, or the name of an upstream stage or packaged file.
    sha256
        Hash of its content.
    """

    uri: str = Field(alias="URI")
    sha256: str = Field(alias="Sha256", pattern=r"^[0-9a-f]{64}$")


class GeneratedBy(_Part):
    """Which program made the result, and with which settings.

    Parameters
    ----------
    name, version
        Of the program.
    stage, stage_version
        Which stage of it.
    settings_sha256
        Hash of the settings' canonical JSON; the settings themselves are in the stage's receipt.
    """

    name: str = Field(default="trephine", alias="Name")
    version: str = Field(alias="Version")
    stage: str = Field(alias="Stage")
    stage_version: str = Field(alias="StageVersion")
    settings_sha256: str = Field(alias="SettingsSha256")


class Sidecar(_Part):
    """The JSON beside a result.

    Parameters
    ----------
    schema_version
        Version of this layout.
    description
        What the file holds, for people.
    sha256
        Hash of the file; a result exists only when this agrees.
    sources
        What it was made from.
    generated_by
        What made it.
    spatial_reference
        Frame of its positions, where there is one.
    units
        Unit of its numbers.
    findings
        Codes of what the stage noticed.
    """

    schema_version: Literal[1] = Field(default=1, alias="SchemaVersion")
    description: str = Field(alias="Description")
    sha256: str = Field(alias="Sha256", pattern=r"^[0-9a-f]{64}$")
    sources: tuple[Source, ...] = Field(alias="Sources")
    generated_by: GeneratedBy = Field(alias="GeneratedBy")
    spatial_reference: str | None = Field(default=None, alias="SpatialReference")
    units: str = Field(alias="Units")
    findings: tuple[str, ...] = Field(default=(), alias="Findings")
