"""Files stop at 400 lines and functions at 40, so that a stranger can read them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")])
LARGEST_FILE = 400
LARGEST_FUNCTION = 40


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body
    if (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        body = body[1:]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def functions_too_long(source: str) -> list[str]:
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [f"{f.name}: {code_lines(f)} lines" for f in functions if code_lines(f) > LARGEST_FUNCTION]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_and_its_functions_are_short(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= LARGEST_FILE
    assert functions_too_long(source) == []


def test_a_long_function_is_noticed() -> None:
    long = "def f():\n" + "    x = 1\n" * (LARGEST_FUNCTION + 1)
    assert functions_too_long(long) == [f"f: {LARGEST_FUNCTION + 1} lines"]
    assert functions_too_long("def f():\n" + "    x = 1\n" * LARGEST_FUNCTION) == []


def test_no_room_without_a_name() -> None:
    forbidden = {"utils", "helpers", "common", "misc"}
    assert [str(path) for path in FILES if forbidden & {path.stem, *path.parts}] == []
