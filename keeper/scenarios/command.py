"""What `ape run scenario` does, once its options are read."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from keeper.errors import UserError
from keeper.replay.command import engine, prepare_folder
from keeper.scenarios.catalogue import SCENARIOS, Scenario
from keeper.scenarios.outcome import Outcome
from keeper.scenarios.scene import START
from keeper.scenarios.show import show, write
from keeper.signals import interruptible

LIST = "list"


def run(name: str, engine_name: str, report: Path | None, console: Console) -> int:
    """
    Play a scenario, print what it found out, and write the page if asked for.

    Return the exit status: 0, or 130 after Ctrl-C. Raise `UserError` for a name that
    there is not, `Halt` if an invariant was violated.
    """
    if name == LIST:
        console.print(make_list())
        return 0
    if name not in SCENARIOS:
        known = ", ".join(SCENARIOS)
        raise UserError(f"NAME: there is no scenario {name!r}; one of {known}")
    if report is not None:
        prepare_folder(report)
    scenario = SCENARIOS[name]
    try:
        with interruptible():
            outcome = follow(scenario, engine_name, console)
    except KeyboardInterrupt:
        console.print("interrupted: a scenario has nothing to say before its end")
        return 130
    console.print(f"{scenario.title}\n\n{scenario.story}\n", highlight=False)
    show(outcome, console)
    if report is not None:
        page = write(outcome, scenario.story, report, name)
        console.print(f"written: {page}", highlight=False)
    return 0


def follow(scenario: Scenario, engine_name: str, console: Console) -> Outcome:
    """Play a scenario under a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        engine(engine_name, START) as chain,
        Progress(*columns, console=console) as bar,
    ):
        task = bar.add_task("playing")
        return scenario.play(
            chain, lambda done, total: bar.update(task, completed=done, total=total)
        )


def make_list() -> Table:
    """Return the names, each with its title."""
    table = Table("name", "what it shows")
    for name, scenario in SCENARIOS.items():
        table.add_row(name, scenario.title)
    return table
