"""
How far layer 3 reaches: every function that changes state, with a step or a reason.

A body's external function that is no view has a step of its own from any state, or
stands here with what keeps it out of reach. Of those that have one, `WITHIN` says for
which calls only the step is shown.
"""

from collections.abc import Iterator

from tests.proofs import steps
from tests.proofs.bytecode import compiled
from tests.proofs.catalogue import listed
from tests.proofs.proof import PROJECT
from tests.proofs.steps.family import Family
from tests.proofs.transition import Step

OUT_OF_REACH: dict[str, str] = {
    "Clearinghouse.__default__": (
        "passes calldata on by delegation; the functions of the bodies are here, and "
        "which body has which of them is tested"
    ),
    "GovernanceCode.__default__": "refuses every call",
    "SettleCode.tick": (
        "lists of assets and markets, and a cursor that crosses any number of ticks; "
        "funding is `step.settle_code.advance`, the sums `step.settlement.rebook`"
    ),
    "SettleCode.realise": "a list of accounts, settled one by one by TradeCode",
    "TradeCode.realise_unlocked": (
        "a list of accounts; one's settlement is `step.settlement.realise`"
    ),
    "TradeCode.touch_unlocked": (
        "as many epochs as a position has before it, met by DeleverageCode"
    ),
    "TradeCode.trade_unlocked": (
        "called by delegation; what it does is `step.settlement.trade`"
    ),
    "DeleverageCode.meet_unlocked": "as many epochs as a position has before it",
    "DeleverageCode.deleverage": (
        "loops over all positions, each of which meets as many epochs as are before "
        "it; what it closes is `step.deleverage_code.trade`, what an epoch does "
        "`step.deleverage_code.apply`"
    ),
}
"""Functions without a step, and why; the stateful machines assert their invariants."""

WITHIN: dict[str, str] = {
    "OrderCode.clear": (
        "lists of up to two orders, of a perpetual; a list multiplies the paths by "
        "three for each order, and a spot taker's funding is a try that answers with "
        "text. What one order does is shown of `_exchange` and MakerCode"
    ),
    "ForcedCode.clear_slice": "lists of up to two orders; one's fill is `_take`",
    "ForcedCode.clear_conversion": "as before; one's is MakerCode's `sell_unlocked`",
    "LiquidationCode.take_over": (
        "what is handed over for debts loops over all collateral (`_hand_collateral`): "
        "shown is what is done with each (`_hand`) and that it is asked for once"
    ),
}
"""For which calls alone a step is shown."""


def find_functions() -> set[str]:
    """Return the functions of the bodies that may change state, as ``Body.name``."""
    found = set()
    for path in sorted((PROJECT / "contracts").glob("*Code.vy")):
        found |= set(_changing(path.stem))
    return found | set(_changing("Clearinghouse"))


def _changing(body: str) -> Iterator[str]:
    abi = compiled(PROJECT / "contracts" / f"{body}.vy", PROJECT)["abi"]
    for part in abi:
        is_call = part["type"] in ("function", "fallback")
        if is_call and part["stateMutability"] not in ("view", "pure"):
            yield f"{body}.{part.get('name', '__default__')}"


def find_proved() -> set[str]:
    """Return the external functions of which there is a step."""
    return {
        f"{contract.removeprefix('contracts/').removesuffix('.vy')}.{step.function}"
        for step in _all_steps()
        if "." not in step.function
        for contract in (step.contract, *step.also_in)
        if contract.startswith("contracts/")
    }


def _all_steps() -> Iterator[Step]:
    for proof in listed(steps):
        if isinstance(proof, Family):
            yield from proof.steps
        elif isinstance(proof, Step):
            yield proof
