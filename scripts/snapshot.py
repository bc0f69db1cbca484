"""Write what is kept as text in tests/snapshots/ again, to be reviewed."""

import subprocess
import sys

import click

from keeper.artifacts import ROOT


@click.command(short_help="Write tests/snapshots again")
@click.pass_context
def cli(context: click.Context) -> None:
    """Write selectors, layouts, sizes, the published ABI and gas; say what changed."""
    # In a process of its own: here another package may be known as `tests`.
    command = [sys.executable, "-m", "tests.helpers.snapshots"]
    context.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)
