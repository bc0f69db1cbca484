"""How many steps the random machine takes a second, by those of an example."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from tests.speed.measuring import Clock, Job, Keep, Series
from tests.stateful.machine import ProtocolMachine
from tests.stateful.test_contract import ContractMachine, get_twin

STEPS = 5, 10, 20, 40, 80
QUICK_STEPS = 3, 6
TOTAL, QUICK_TOTAL = 800, 12
"""Steps of all examples of a measurement, if none of them ends early."""

MACHINES = {"specification": ProtocolMachine, "with contracts": ContractMachine}


def plan(seed: int, quick: bool) -> Iterator[Job]:
    """Yield what is to be measured."""
    for name in MACHINES:
        series = Series("machine", name, "steps of an example")
        for steps in QUICK_STEPS if quick else STEPS:
            examples = max(1, (QUICK_TOTAL if quick else TOTAL) // steps)
            yield Job(series, Running(name, seed, steps, examples))


@dataclass(frozen=True)
class Running:
    """Some examples of a machine."""

    name: str
    seed: int
    steps: int
    examples: int

    def __call__(self, keep: Keep) -> None:
        """Run it, as the tests do, but for the seed."""
        get_twin()
        self.take(1)
        clock = Clock()
        keep(clock.read(self.steps, {"steps": self.take(self.examples)}))

    def take(self, examples: int) -> int:
        """Take so many examples; return how many steps they had."""
        counted = count_steps(MACHINES[self.name])
        rules = settings(
            max_examples=examples,
            stateful_step_count=self.steps,
            deadline=None,
            database=None,
            derandomize=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(seeded(self.seed)(counted), settings=rules)
        return counted.taken


def count_steps(machine):
    """Return a machine that counts how often all was compared: once for each step."""

    class Counted(machine):
        taken = 0

        def agree(self):
            super().agree()
            Counted.taken += 1

    return Counted
