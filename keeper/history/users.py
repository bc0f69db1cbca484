"""What owners, operators and strangers did to accounts."""

from collections.abc import Callable, Mapping
from typing import Final

from keeper.chain.interface import Event
from keeper.history.books import Entry, Told, expect, require
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import AccountId, Address, Settings
from specs.clearinghouse import State, Step
from specs.fixed_point import Wad

KINDS: Final[Mapping[str, int]] = {
    "Deposit": ch.DEPOSIT,
    "Withdraw": ch.WITHDRAW,
    "Borrow": ch.BORROW,
    "Repay": ch.REPAY,
    "Lend": ch.LEND,
    "Unlend": ch.UNLEND,
}
"""What one account and one pool do, alone or as a step of a batch."""

CALLS: Final[Mapping[int, Callable[..., State]]] = {
    ch.DEPOSIT: ch.deposit,
    ch.WITHDRAW: ch.withdraw,
    ch.BORROW: ch.borrow,
    ch.REPAY: ch.repay,
    ch.LEND: ch.lend,
    ch.UNLEND: ch.unlend,
}


def move(state: State, entry: Entry) -> State:
    """Return the state after something moved between an account and its pool."""
    account, step = AccountId(entry.told["account"]), step_of(state, entry.event)
    call = CALLS[step.kind]
    return call(state, entry.now, owner_of(account), account, step.asset, step.amount)


def batch(state: State, entry: Entry) -> State:
    """Return the state after the steps of a batch."""
    account = AccountId(entry.told["account"])
    for part in entry.parts:
        told = part.arguments.get("account"), part.arguments["time"]
        is_step = part.name in KINDS and told == (account, entry.now)
        require(is_step, part, "it is no step of its batch")
    steps = tuple(step_of(state, part) for part in entry.parts)
    return ch.batch(state, entry.now, owner_of(account), account, steps)


def step_of(state: State, event: Event) -> Step:
    """Return what an event tells as a step: of tokens, or WAD for lends."""
    kind, told = KINDS[event.name], event.arguments
    if kind in (ch.LEND, ch.UNLEND):
        return Step(kind, told["asset"], told["amount"])
    scale = ch.compute_scale(ch.get_asset(state, told["asset"]))
    require(told["amount"] % scale == 0, event, "these are no whole token units")
    return Step(kind, told["asset"], told["amount"] // scale)


def transfer(state: State, entry: Entry) -> State:
    """Return the state after a transfer between accounts of one owner."""
    told = entry.told
    giver, taker = AccountId(told["giver"]), AccountId(told["taker"])
    amount = Wad(told["amount"])
    caller = owner_of(giver)
    return ch.transfer(state, entry.now, caller, giver, taker, told["asset"], amount)


def set_operator(state: State, entry: Entry) -> State:
    """Return the state after rights were given or taken."""
    account, told = AccountId(entry.told["account"]), entry.told
    operator = address_of(told, "operator")
    caller = owner_of(account)
    return ch.set_operator(state, entry.now, caller, account, operator, told["rights"])


def bind(state: State, entry: Entry) -> State:
    """Return the state after an account was bound."""
    account = AccountId(entry.told["account"])
    return ch.bind(state, entry.now, owner_of(account), account)


def give_notice(state: State, entry: Entry) -> State:
    """Return the state after notice was given for an account."""
    account = AccountId(entry.told["account"])
    state = ch.give_notice(state, entry.now, owner_of(account), account)
    expect(entry.event, release_at=ch.get_account(state, account).release_at)
    return state


def set_settings(state: State, entry: Entry) -> State:
    """Return the state after an account chose its settings."""
    account = AccountId(entry.told["account"])
    chosen = Settings(*entry.told["settings"])
    return ch.set_settings(state, entry.now, owner_of(account), account, chosen)


def owner_of(account: AccountId) -> Address:
    """Return who may do anything to an account, whoever did."""
    return acc.get_owner(account)


def address_of(told: Told, name: str) -> Address:
    """Return an address among an event's arguments as the specification writes it."""
    return Address(int(told[name], 16))
