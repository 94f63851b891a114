# SPDX-License-Identifier: Apache-2.0
"""Entry of the ``trephine`` command, and the one place where an unforeseen error is caught."""

from __future__ import annotations

import logging
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from trephine import __version__
from trephine.cli import (
    approve,
    audit,
    bench,
    check,
    compare,
    decode,
    demo,
    heat,
    import_plan,
    import_scans,
    init,
    phantom,
    power,
    rehearse,
    replan,
    report,
    run,
    status,
    train,
    what_if,
)
from trephine.cli.output import print_json, say
from trephine.core.errors import EXIT_CANCELLED, EXIT_OUR_FAULT, EXIT_USAGE, TrephineError

_HELP = """Plan and rehearse a flexible-thread brain implant from a person's scans.

Research and simulation software, not a medical device.

Exit codes: 0 done, 1 our fault, 2 wrong usage, 3 input refused, 4 done but a blocking finding stands,
130 cancelled.
"""

app = typer.Typer(
    name="trephine",
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for module in (
    init,
    check,
    run,
    replan,
    rehearse,
    status,
    report,
    approve,
    audit,
    compare,
    heat,
    power,
    train,
    decode,
    demo,
    phantom,
    bench,
):
    app.command(module.__name__.rpartition(".")[2])(module.command)
app.command("import")(import_scans.command)
app.command("import-plan")(import_plan.command)
app.command("what-if")(what_if.command)


_CommandLineError: type[Any] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""Base of every complaint about the words themselves; typer exports only classes below it."""


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"trephine {__version__}")
        raise typer.Exit


@app.callback(help=_HELP)
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Take options that stand before the command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Parameters
    ----------
    arguments
        Words after ``trephine``; those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(call(words))


def call(words: list[str]) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    words
        Words after ``trephine``.

    Returns
    -------
    int
        As in ``core.errors``.
    """
    logging.getLogger("trephine").addHandler(logging.NullHandler())
    is_json = "--json" in words
    try:
        code = typer.main.get_command(app).main(words, prog_name="trephine", standalone_mode=False)
    except TrephineError as error:
        return _refuse(_words(error), type(error).__name__, error.exit_code, is_json=is_json)
    except _CommandLineError as error:
        if not is_json:
            error.show(file=sys.stderr)
            return EXIT_USAGE
        return _refuse(error.format_message(), "UsageError", EXIT_USAGE, is_json=True)
    except (KeyboardInterrupt, typer.Abort):
        return _refuse("Stopped.", "CancelledError", EXIT_CANCELLED, is_json=is_json)
    except Exception as error:  # noqa: BLE001 - the outer edge: whatever was not foreseen is our fault
        return _refuse(_our_fault(error), "InternalError", EXIT_OUR_FAULT, is_json=is_json)
    if code == EXIT_CANCELLED:
        # typer turns Ctrl-C into this code without a word.
        return _refuse("Stopped.", "CancelledError", EXIT_CANCELLED, is_json=is_json)
    return code if isinstance(code, int) else 0


def _refuse(message: str, kind: str, code: int, *, is_json: bool) -> int:
    say(f"trephine: {message}")
    if is_json:
        problem: dict[str, Any] = {"error": {"kind": kind, "message": message}, "exit_code": code}
        print_json(problem)
    return code


def _words(error: TrephineError) -> str:
    return "\n".join([str(error), *(f"({note})" for note in getattr(error, "__notes__", ()))])


def _our_fault(error: Exception) -> str:
    """Keep the details in a file and say where it is."""
    details = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="trephine-error-", suffix=".txt", delete=False, encoding="utf-8"
        ) as stream:
            stream.write(details)
        place = f"the details are in {Path(stream.name)}"
    except OSError:
        place = f"no file could be written for the details, so here they are:\n{details}"
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return (
        f"This is our fault, not yours: {type(error).__name__}: {error}{notes}; {place}. "
        "Please report it with that file. Finished stages are kept."
    )


if __name__ == "__main__":
    main()
