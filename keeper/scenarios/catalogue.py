"""Which scenarios there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from keeper.chain.interface import LocalChain
from keeper.scenarios import (
    bank_run,
    basis_trade,
    liquidation,
    long_holder,
    mango,
    wind_down,
    winner,
)
from keeper.scenarios.outcome import Outcome
from keeper.scenarios.show import Progress


@dataclass(frozen=True)
class Scenario:
    """A story that can be played."""

    title: str
    story: str
    """The economics, in a few sentences."""
    play: Callable[[LocalChain, Progress], Outcome]


def tell(docstring: str) -> str:
    """Return a module's docstring as paragraphs of one line each."""
    paragraphs = docstring.strip().split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)


SCENARIOS: Final[Mapping[str, Scenario]] = {
    name: Scenario(module.TITLE, tell(module.__doc__ or ""), module.play)
    for name, module in (
        ("basis-trade", basis_trade),
        ("long-holder", long_holder),
        ("winner", winner),
        ("bank-run", bank_run),
        ("mango-2022", mango),
        ("liquidation", liquidation),
        ("wind-down", wind_down),
    )
}
