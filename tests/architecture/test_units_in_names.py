"""Every float of the public API says its unit in its name."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest
from pydantic import BaseModel

import trephine
from trephine.core.units import SUFFIXES

PURE_NUMBERS = {
    "value", "low", "high", "limit", "mean", "sd", "ours", "peer",  # carry their unit in a field beside them
    "z", "t", "objective", "bound", "score", "epsilon", "cost", "price", "outside", "slope", "share",
    "budget", "budget_price", "spent", "piercings", "grey", "grey_low", "grey_high", "layer5", "layer5_low",
    "layer5_high", "perfusion",
}  # fmt: skip
PURE_ENDINGS = (
    "_z",
    "_dice",
    "_probability",
    "_of_freedom",
    "_residual",
    "_share",
    "_correlation",
    "_index",
    "_score",
)
PURE_STARTS = ("weight_",)


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(trephine.__path__, "trephine."):
        if not found.name.startswith("trephine.cli"):
            yield importlib.import_module(found.name)


def is_float(annotation: object) -> bool:
    return str(annotation).replace("<class 'float'>", "float").replace(" | None", "") in {
        "float",
        "Optional[float]",
    }


def says_unit(name: str) -> bool:
    is_pure = name in PURE_NUMBERS or name.endswith(PURE_ENDINGS) or name.startswith(PURE_STARTS)
    return is_pure or name.endswith(tuple(SUFFIXES)) or f"_{name}" in SUFFIXES or "_per_" in name


def floats_without_unit(module: ModuleType) -> Iterator[str]:
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing) and issubclass(thing, BaseModel):
            named = [(n, f.annotation) for n, f in thing.model_fields.items()]
        elif inspect.isclass(thing) and dataclasses.is_dataclass(thing):
            named = [(f.name, f.type) for f in dataclasses.fields(thing)]
        elif inspect.isfunction(thing):
            named = [(p.name, p.annotation) for p in inspect.signature(thing).parameters.values()]
        else:
            continue
        for field, annotation in named:
            if is_float(annotation) and not says_unit(field):
                yield f"{module.__name__}.{name}: {field}"


def test_every_float_says_its_unit() -> None:
    assert [line for module in modules() for line in floats_without_unit(module)] == []


def test_a_missing_unit_is_noticed() -> None:
    module = ModuleType("made_up")
    exec("def f(delay: float, delay_s: float) -> None: ...", module.__dict__)
    assert list(floats_without_unit(module)) == ["made_up.f: delay"]


@pytest.mark.parametrize(
    ("name", "says"), [("depth_mm", True), ("mm_depth", False), ("peak_z", True), ("depth", False)]
)
def test_the_unit_stands_at_the_end(name: str, says: bool) -> None:
    assert says_unit(name) is says
