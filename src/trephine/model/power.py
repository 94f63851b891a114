# SPDX-License-Identifier: Apache-2.0
"""What an implant's parts draw, as data; and the budget that follows."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.core.sourced import Sourced
from trephine.model.interval import Interval


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PowerParts(_Part):
    """What every part draws while it is on."""

    front_end_mw: Sourced
    """Amplifiers and converters of all channels."""
    detection_mw: Sourced
    """Spike detection and all other digital work."""
    radio_idle_mw: Sourced
    """Radio connected, nothing to send."""
    radio_nj_per_bit: Sourced
    """Energy of a bit delivered, repeats included."""
    radio_limit_mbit_per_s: Sourced
    """Most that the link delivers."""
    stimulation_supply_v: Sourced
    pulse_charge_nc: Sourced
    """Charge of one phase; every pulse has two."""
    leakage_mw: Sourced
    """Drawn always, in sleep as well."""
    regulator_efficiency_fraction: Sourced


class Battery(_Part):
    """The implant's battery."""

    capacity_mwh: Sourced
    usable_fraction: Sourced
    """Share of the capacity used from full to empty."""
    calendar_fade_percent_per_year: Sourced
    cycle_fade_percent_per_1000: Sourced
    """Capacity lost by a thousand full cycles."""


class Charging(_Part):
    """Charging through the skin."""

    battery_mw: Sourced
    """Power that goes into the battery."""
    receiver_efficiency_fraction: Sourced
    """Of coil and rectifier in the implant."""
    battery_efficiency_fraction: Sourced


class PowerMode(_Part):
    """One way of using the implant, as shares of time that its parts are on.

    Parameters
    ----------
    name
        Such as ``recording``.
    front_end_fraction, detection_fraction
        Share of time that they are on.
    is_radio_on
        Whether the radio keeps its connection.
    sent_mbit_per_s
        Data delivered, mean.
    pulse_hz
        Pulses of stimulation over all electrodes.
    day_h
        Hours of a day spent so.
    """

    name: str
    front_end_fraction: Sourced
    detection_fraction: Sourced
    is_radio_on: bool
    sent_mbit_per_s: Sourced
    pulse_hz: Sourced
    day_h: Sourced


class PowerProfile(_Part):
    """Everything a power budget needs, every number sourced.

    Parameters
    ----------
    schema_version
        Version of this layout.
    name, description
        For people.
    device
        Name of the device it is of.
    is_published
        Whether the maker published these figures; otherwise they are an estimate.
    """

    schema_version: Literal[1] = 1
    name: str
    description: str
    device: str
    is_published: bool
    parts: PowerParts
    battery: Battery
    charging: Charging
    raw_mbit_per_s: Sourced
    """All samples of all channels."""
    modes: tuple[PowerMode, ...]


class PartPower(_Part):
    """What one part draws in one mode, mean over time."""

    name: str
    power_mw: Interval


class ModePower(_Part):
    """The tree of one mode.

    Parameters
    ----------
    name
        Of the mode.
    parts
        Every part, what the regulator loses among them.
    total_mw
        Drawn from the battery; all of it becomes heat in the implant but for what the radio sends out.
    battery_h
        Hours from full to empty in this mode, battery new.
    """

    name: str
    parts: tuple[PartPower, ...]
    total_mw: Interval
    battery_h: Interval


class LinkPoint(_Part):
    """What the radio draws at one rate.

    Parameters
    ----------
    name
        What is sent.
    sent_mbit_per_s
        Rate.
    radio_mw
        Power, regulator's loss not counted.
    is_possible
        Whether the link carries it.
    """

    name: str
    sent_mbit_per_s: float
    radio_mw: Interval
    is_possible: bool


class BatteryAge(_Part):
    """The battery after some years of the profile's days.

    Parameters
    ----------
    age_years
        Since the implant was new.
    capacity_fraction
        Of the new capacity.
    battery_h
        Hours from full to empty in the first mode.
    """

    age_years: float
    capacity_fraction: Interval
    battery_h: Interval


class PowerBudget(_Part):
    """The budget that follows from a profile; low and high take every figure at that end at once.

    Parameters
    ----------
    profile, is_published
        Which, and whether its maker published it.
    modes
        Trees.
    day_mean_mw
        Mean over the profile's day.
    charges_per_day
        Full charges that a day takes.
    charge_h
        Hours to charge from empty to full.
    charge_heat_mw
        Heat in the implant while it charges and sleeps.
    links
        Radio power against rate.
    ages
        Battery over the years.
    """

    profile: str
    is_published: bool
    modes: tuple[ModePower, ...]
    day_mean_mw: Interval
    charges_per_day: Interval
    charge_h: Interval
    charge_heat_mw: Interval
    links: tuple[LinkPoint, ...]
    ages: tuple[BatteryAge, ...]
