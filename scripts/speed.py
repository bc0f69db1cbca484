"""Measure walks, the random machine, replays and proofs against size."""

import signal
import subprocess
import sys

import click

from keeper.artifacts import ROOT


@click.command(
    short_help="Measure how fast the tools are",
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def cli(context: click.Context, words: tuple[str, ...]) -> None:
    """Measure, print a table, and write report/speed.json and report/speed.svg."""
    # In a process of its own: here another package may be known as `tests`.
    command = [sys.executable, "-m", "tests.speed", *words]
    child = subprocess.Popen(command, cwd=ROOT)
    # Ctrl-C is for the child, which writes what it has by then.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        context.exit(child.wait())
    finally:
        signal.signal(signal.SIGINT, before)
