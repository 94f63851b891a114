# SPDX-License-Identifier: Apache-2.0
"""The power budget: a tree of what every part draws in every mode, and what follows for battery and link."""

from __future__ import annotations

from collections.abc import Callable

from trephine.core.errors import InputError
from trephine.core.sourced import Sourced
from trephine.model.interval import Interval
from trephine.model.power import (
    BatteryAge,
    LinkPoint,
    ModePower,
    PartPower,
    PowerBudget,
    PowerMode,
    PowerProfile,
)

_HOURS_PER_DAY = 24.0
_DAYS_PER_YEAR = 365.25
_AGES_YEARS = (0.0, 1.0, 2.0, 5.0, 10.0)
_MW_PER_NW = 1e-6
Figure = float
"""A number of a profile, in its own unit."""
End = Callable[[Sourced], Figure]
"""Takes one end of a sourced number's range."""
_TOO_LITTLE_FRACTION = 1e-3


def _value(number: Sourced) -> Figure:
    return number.value


def _low(number: Sourced) -> Figure:
    return number.value if number.low is None else number.low


def _high(number: Sourced) -> Figure:
    return number.value if number.high is None else number.high


def budget(profile: PowerProfile) -> PowerBudget:
    """Work a profile out.

    Parameters
    ----------
    profile
        Parts, battery, charging and modes, every number sourced.

    Returns
    -------
    PowerBudget
        Low and high take every number at the end that makes the figure low or high, all at once.

    Raises
    ------
    InputError
        If the hours of the modes are no day, a mode sends more than the link carries, or an efficiency is
        zero.
    """
    _check(profile)
    modes = tuple(_mode(profile, mode) for mode in profile.modes)
    day = _day_mean_mw(profile, modes)
    charge = _usable_mwh(profile)
    per_day = _quotient(_scaled(day, _HOURS_PER_DAY), charge)
    return PowerBudget(
        profile=profile.name,
        is_published=profile.is_published,
        modes=modes,
        day_mean_mw=day,
        charges_per_day=per_day,
        charge_h=_quotient(charge, _stored_mw(profile)),
        charge_heat_mw=_charge_heat_mw(profile),
        links=_links(profile),
        ages=tuple(_age(profile, modes[0].total_mw, per_day, years) for years in _AGES_YEARS),
    )


def _check(profile: PowerProfile) -> None:
    hours = sum(mode.day_h.value for mode in profile.modes)
    if abs(hours - _HOURS_PER_DAY) > _TOO_LITTLE_FRACTION * _HOURS_PER_DAY:
        raise InputError.because(
            where=f"power profile {profile.name}, modes",
            found=f"{hours:g} hours a day in all modes together",
            expected="24 hours",
            remedy="Correct day_h of the modes; time in sleep is a mode too.",
        )
    limit = _value(profile.parts.radio_limit_mbit_per_s)
    for mode in profile.modes:
        if mode.sent_mbit_per_s.value > limit or (mode.sent_mbit_per_s.value and not mode.is_radio_on):
            raise InputError.because(
                where=f"power profile {profile.name}, mode {mode.name}",
                found=f"{mode.sent_mbit_per_s.value:g} Mbit/s with the radio "
                f"{'on' if mode.is_radio_on else 'off'}",
                expected=f"no more than the link's {limit:g} Mbit/s, and nothing without the radio",
                remedy="Correct sent_mbit_per_s or is_radio_on of that mode.",
            )
    for part, name in (
        (profile.parts, "regulator_efficiency_fraction"),
        (profile.charging, "receiver_efficiency_fraction"),
        (profile.charging, "battery_efficiency_fraction"),
        (profile.charging, "battery_mw"),
        (profile.battery, "capacity_mwh"),
        (profile.battery, "usable_fraction"),
    ):
        if _low(getattr(part, name)) <= 0:
            raise InputError.because(
                where=f"power profile {profile.name}, {name}",
                found=f"{_low(getattr(part, name)):g}",
                expected="more than 0, its lower end as well",
                remedy="Correct the number.",
            )


def mode_named(given: PowerBudget, name: str) -> ModePower:
    """Return one mode of a budget.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    for mode in given.modes:
        if mode.name == name:
            return mode
    raise InputError.because(
        where="power, mode",
        found=repr(name),
        expected=f"one of {', '.join(mode.name for mode in given.modes)}",
        remedy="Name a mode of the profile.",
    )


def _tree(profile: PowerProfile, mode: PowerMode, end: End, far: End) -> dict[str, Figure]:
    """Return every part's mean power at one end of all ranges; ``far`` is the other end, for efficiencies."""
    parts = profile.parts
    radio = end(parts.radio_idle_mw) + end(parts.radio_nj_per_bit) * end(mode.sent_mbit_per_s)
    # nC times V is nJ a phase, and two phases a pulse: nJ times Hz is nW.
    pulse_nj = 2 * end(parts.pulse_charge_nc) * end(parts.stimulation_supply_v)
    drawn = {
        "front end": end(parts.front_end_mw) * end(mode.front_end_fraction),
        "spike detection and digital": end(parts.detection_mw) * end(mode.detection_fraction),
        "radio": radio if mode.is_radio_on else 0.0,
        "stimulation": pulse_nj * end(mode.pulse_hz) * _MW_PER_NW,
        "leakage": end(parts.leakage_mw),
    }
    lost = sum(drawn.values()) * (1 / far(parts.regulator_efficiency_fraction) - 1)
    return drawn | {"lost in regulators": lost}


def _mode(profile: PowerProfile, mode: PowerMode) -> ModePower:
    middle = _tree(profile, mode, _value, _value)
    low, high = _tree(profile, mode, _low, _high), _tree(profile, mode, _high, _low)
    total = Interval(value=sum(middle.values()), low=sum(low.values()), high=sum(high.values()))
    return ModePower(
        name=mode.name,
        parts=tuple(
            PartPower(name=name, power_mw=Interval(value=middle[name], low=low[name], high=high[name]))
            for name in middle
        ),
        total_mw=total,
        battery_h=_quotient(_usable_mwh(profile), total),
    )


def _stored_mw(profile: PowerProfile) -> Interval:
    """Return the power of charging that stays in the battery."""
    charging = profile.charging
    ends = (_value, _low, _high)
    value, low, high = (end(charging.battery_mw) * end(charging.battery_efficiency_fraction) for end in ends)
    return Interval(value=value, low=low, high=high)


def _usable_mwh(profile: PowerProfile) -> Interval:
    battery = profile.battery
    ends = (_value, _low, _high)
    value, low, high = (end(battery.capacity_mwh) * end(battery.usable_fraction) for end in ends)
    return Interval(value=value, low=low, high=high)


def _scaled(one: Interval, factor: Figure) -> Interval:
    return Interval(value=one.value * factor, low=one.low * factor, high=one.high * factor)


def _quotient(above: Interval, below: Interval) -> Interval:
    """Divide two positive figures; low over high and high over low are the ends."""
    return Interval(value=above.value / below.value, low=above.low / below.high, high=above.high / below.low)


def _day_mean_mw(profile: PowerProfile, modes: tuple[ModePower, ...]) -> Interval:
    """Average over the day; its hours are a scenario and have no interval."""
    hours = [mode.day_h.value for mode in profile.modes]
    value, low, high = (
        sum(hour * getattr(mode.total_mw, end) for hour, mode in zip(hours, modes, strict=True))
        / _HOURS_PER_DAY
        for end in ("value", "low", "high")
    )
    return Interval(value=value, low=low, high=high)


def _charge_heat_mw(profile: PowerProfile) -> Interval:
    """Return the heat of charging in the implant: what coil, rectifier and battery lose, and leakage."""
    charging = profile.charging

    def heat(end: End, far: End) -> Figure:
        into_battery = end(charging.battery_mw)
        received = into_battery / far(charging.receiver_efficiency_fraction)
        stored = into_battery * far(charging.battery_efficiency_fraction)
        return received - stored + end(profile.parts.leakage_mw)

    return Interval(value=heat(_value, _value), low=heat(_low, _high), high=heat(_high, _low))


def _links(profile: PowerProfile) -> tuple[LinkPoint, ...]:
    """Hold rates against radio power: what every mode sends, and all raw samples."""
    rates = {mode.name: mode.sent_mbit_per_s.value for mode in profile.modes if mode.is_radio_on}
    rates |= {
        "all that the link carries": profile.parts.radio_limit_mbit_per_s.value,
        "all raw samples": profile.raw_mbit_per_s.value,
    }
    parts = profile.parts
    made = []
    for name, rate in rates.items():
        value, low, high = (
            end(parts.radio_idle_mw) + end(parts.radio_nj_per_bit) * rate for end in (_value, _low, _high)
        )
        power = Interval(value=value, low=low, high=high)
        is_possible = rate <= parts.radio_limit_mbit_per_s.value
        made.append(LinkPoint(name=name, sent_mbit_per_s=rate, radio_mw=power, is_possible=is_possible))
    return tuple(made)


def _age(profile: PowerProfile, total: Interval, per_day: Interval, years: Figure) -> BatteryAge:
    """Let a battery fade with years and with full charges, both in proportion."""
    battery = profile.battery

    def left(end: End, charges: Figure) -> Figure:
        cycles = charges * _DAYS_PER_YEAR * years
        lost = end(battery.calendar_fade_percent_per_year) * years
        lost += end(battery.cycle_fade_percent_per_1000) * cycles / 1000
        return max(1 - lost / 100, 0.0)

    capacity = Interval(
        value=left(_value, per_day.value), low=left(_high, per_day.high), high=left(_low, per_day.low)
    )
    usable = _usable_mwh(profile)
    fresh = _quotient(usable, total)
    hours = Interval(
        value=fresh.value * capacity.value, low=fresh.low * capacity.low, high=fresh.high * capacity.high
    )
    return BatteryAge(age_years=years, capacity_fraction=capacity, battery_h=hours)
