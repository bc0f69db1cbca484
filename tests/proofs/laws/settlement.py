"""Laws of settlement: value goes from position to balance, and nothing else changes."""

from dataclasses import replace
from types import SimpleNamespace

from specs.accounts import USDC, Account, AccountId, Settings
from specs.deleveraging import Epoch, compute_closed
from specs.fixed_point import RAY, WAD
from specs.funding import Funding
from specs.interest_rate import Curve
from specs.liquidity_fund import Fund
from specs.margin import Quote
from specs.money_market import Balance, Pool, compute_debt, compute_held
from specs.perpetual import Position, compute_value
from specs.requirements import Haircut, Requirement
from specs.settlement import (
    charge,
    compute_fee,
    enter,
    fits,
    is_behind,
    meet_next,
    realise_one,
    settle_interest,
    trade_inventory,
)
from specs.state import Asset, Fees, Limits, Market, State
from specs.virtual_pnl import WEIGHT_ONE
from tests.proofs.proof import Mutant

ONE = AccountId(8 << 96)
LOT = 10**12
LEND, BORROW = RAY + RAY // 4, RAY + RAY // 2
RULE = Requirement(1, 1, 0, 0)
POOL = Pool(LEND, BORROW, 0, 0, 0, 0, 0, 0, False, Curve(0, 0, 0, WAD // 2, 0))


def state_of(position: Position, scaled: int, fund: int, cap: int, mark: int) -> State:
    """Return a state with one account, which leaves nothing unrealised."""
    market = Market(
        *(1, LOT, Quote(mark, mark, 0), RULE, Fees(0, 0), 3600),
        Funding(0, 0, 0, 0, 0, 0),
        Fund(fund, cap),
    )
    pool = replace(POOL, lends=max(0, scaled), borrows=max(0, -scaled))
    asset = Asset(18, pool, Quote(WAD, WAD, 0), Haircut(0, 0), RULE, Fees(0, 0), 0)
    account = Account(
        {USDC: Balance(scaled)}, {0: position}, settings=Settings(auto_realize=True)
    )
    return State(1, assets={USDC: asset}, markets={0: market}, accounts={ONE: account})


def get_usdc(state: State) -> int:
    """Return what the account has of USDC, less what it owes."""
    balance = state.accounts[ONE].balances.get(USDC, Balance())
    return compute_held(balance, LEND) - compute_debt(balance, BORROW)


def get_value(state: State, mark: int) -> int:
    """Return what its position is worth at mark."""
    position = state.accounts[ONE].positions.get(0, Position())
    return compute_value(position, LOT, mark, 0)


def realising_moves_value_to_the_balance(
    lots: int, basis: int, scaled: int, fund: int, cap: int, mark: int
) -> bool:
    """
    What a position is worth less afterwards its account has more, but for two wei; the
    fund loses exactly that, and the size stays.

    Serves: I22, I24, I25.

    pre: 0 < mark and 0 <= cap and -cap <= fund and lots != 0
    post: __return__
    """
    before = state_of(Position(lots, basis), scaled, fund, cap, mark)
    after = realise_one(before, 0, ONE)
    moved = get_value(before, mark) - get_value(after, mark)
    paid = fund - after.markets[0].fund.balance
    got = get_usdc(after) - get_usdc(before)
    is_neutral = moved == paid and paid - 2 <= got <= paid
    return is_neutral and after.accounts[ONE].positions[0].lots == lots


def to_realise_twice_is_to_do_it_once(
    lots: int, basis: int, fund: int, cap: int, mark: int
) -> bool:
    """
    A second realisation at the same mark moves nothing.

    Serves: I23.

    pre: 0 < mark and 0 <= cap and -cap <= fund and lots != 0
    post: __return__
    """
    before = state_of(Position(lots, basis), 0, fund, cap, mark)
    once = realise_one(before, 0, ONE)
    return realise_one(once, 0, ONE) == once


def an_epoch_is_traded_with_the_inventory(lots: int, size: int, interest: int) -> bool:
    """
    What an epoch closes of a position the inventory gets, at what that pays: lots and
    bases of both and the fund add up to what they were.

    Serves: I19, I20, I24, I37.

    pre: 0 < size <= interest and 0 < lots <= interest < 2**50
    post: __return__
    """
    before = state_of(Position(lots), 0, 0, 0, WAD)
    epoch = Epoch(True, size, interest, 3 * WAD, 0)
    market = replace(before.markets[0], epochs=(epoch,), inventory=Position(-size, 5))
    before = replace(before, markets={0: market})
    after = meet_next(before, 0, ONE)
    mine = after.accounts[ONE].positions.get(0, Position())
    theirs, fund = after.markets[0].inventory, after.markets[0].fund.balance
    closed = compute_closed(epoch, lots)
    return (
        mine.lots == lots - closed
        and theirs.lots == closed - size
        and mine.basis + theirs.basis + fund == 5
        and is_behind(before, 0, ONE)
        and not is_behind(after, 0, ONE)
    )


def the_inventory_pays_what_the_other_side_gets(
    held: int, basis: int, lots: int, price: int
) -> bool:
    """
    The inventory takes a trade at its counterparty's cost, to the wei.

    Serves: I19, I20.

    pre: 0 < price
    post: __return__
    """
    before = state_of(Position(1), 0, 0, 0, price)
    market = replace(before.markets[0], inventory=Position(held, basis))
    before = replace(before, markets={0: market})
    after = trade_inventory(before, 0, lots, price).markets[0]
    cost = -(lots * price // 10**6)
    grown = max(0, held + lots) - max(0, held)
    return (
        after.inventory.lots == held + lots
        and after.inventory.basis == basis - cost
        and after.open_interest == grown
    )


def settled_interest_leaves_the_totals_even(
    scaled: int, lend: int, borrow: int, winners: int, losers: int
) -> bool:
    """
    Pending interest moves from the totals to the account's balance, for no more than it
    is worth; nothing is left pending.

    Serves: I2, I3, I22.

    pre: 0 <= lend and 0 <= borrow and 0 <= winners and 0 <= losers
    post: __return__
    """
    pending = Position(1, 0, 700, lend * WEIGHT_ONE, borrow * WEIGHT_ONE)
    before = state_of(pending, scaled, 0, 0, WAD)
    pool = before.assets[USDC].pool
    pool = replace(
        pool, lends=pool.lends + lend + winners, borrows=pool.borrows + borrow + losers
    )
    asset = replace(before.assets[USDC], pool=pool)
    after = settle_interest(replace(before, assets={USDC: asset}), 0, ONE)
    position, moved = after.accounts[ONE].positions[0], after.assets[USDC].pool
    own = after.accounts[ONE].balances.get(USDC, Balance()).scaled
    slack = moved.borrows * BORROW - moved.lends * LEND
    return (
        position.pending_lend == position.pending_borrow == 0
        and moved.lends == winners + max(0, own)
        and moved.borrows == losers + max(0, -own)
        and slack >= pool.borrows * BORROW - pool.lends * LEND
    )


def a_fee_goes_to_the_reserve(scaled: int, fee: int) -> bool:
    """
    What an account is charged the reserve gets, but for the roundings of both.

    Serves: I2, I28.

    pre: 0 <= fee
    post: __return__
    """
    before = state_of(Position(), scaled, 0, 0, WAD)
    after = charge(before, ONE, fee)
    got = after.assets[USDC].pool.reserve * LEND
    paid = get_usdc(before) - get_usdc(after)
    return fee * RAY - LEND < got <= fee * RAY and fee <= paid <= fee + 2


def a_fee_rounds_up(notional: int, more: int, fee: int) -> bool:
    """
    A fee is no less than its part of the notional, by less than a wei, and two parts
    save nothing.

    Serves: I7, I8, I28.

    pre: 0 <= notional and 0 <= more and 0 <= fee
    post: __return__
    """
    paid = compute_fee(notional, fee)
    whole = compute_fee(notional + more, fee)
    is_exact = (paid - 1) * 10**6 < notional * fee <= paid * 10**6
    return is_exact and whole <= paid + compute_fee(more, fee)


def a_position_that_is_small_stays_outside(
    least: int, is_realised: bool, cursor: int
) -> bool:
    """
    Only a position that is large enough, unrealised, and entered while the cursor is at
    mark is inside the tick set.

    Serves: I3, I14, I16.

    pre: 0 <= least and WAD <= cursor <= WAD + 1
    post: __return__
    """
    account, lots = Account(settings=Settings(auto_realize=is_realised)), 5
    listed = SimpleNamespace(
        lot=LOT,
        funding=Funding(0, 0, 0, 0, 0, 0),
        limits=Limits(min_lots=least),
        cursor=cursor,
        quote=Quote(WAD, WAD, 0),
    )
    is_large = least <= lots
    may = fits(listed, account, Position(lots))
    if may and cursor == WAD:
        return is_large and not is_realised
    entered = enter(listed, account, Position(lots, 0, 700))
    return entered.entry is None and may == (is_large and not is_realised)


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/settlement.py", old, new),)


MUTANTS = {
    "realising_moves_value_to_the_balance": _mutant(
        "    fund, paid = liquidity_fund.pay(listed.fund, gain)\n",
        "    fund, paid = liquidity_fund.pay(listed.fund, gain + 1)\n    paid -= 1\n",
    ),
    "to_realise_twice_is_to_do_it_once": _mutant(
        "    position = perpetual.settle(position, paid)\n    position = enter",
        "    position = perpetual.settle(position, paid - 1)\n    position = enter",
    ),
    "an_epoch_is_traded_with_the_inventory": (
        *_mutant(
            "return trade_inventory(state, market, Lots(-lots), price)",
            "return trade_inventory(state, market, lots, price)",
        ),
        *_mutant(
            "position.epoch < len(state.markets[market].epochs)",
            "position.epoch <= len(state.markets[market].epochs)",
        ),
    ),
    "the_inventory_pays_what_the_other_side_gets": _mutant(
        "basis=old.basis - cost)", "basis=old.basis + cost)"
    ),
    "settled_interest_leaves_the_totals_even": _mutant(
        "pool, lends=pool.lends - lend,", "pool, lends=pool.lends,"
    ),
    "a_fee_goes_to_the_reserve": _mutant(
        "return credit_reserve(debit(state, account, USDC, fee), fee)",
        "return credit_reserve(debit(state, account, USDC, fee), Wad(fee // 2))",
    ),
    "a_fee_rounds_up": _mutant(
        "mul_div_up(notional, fee, PPM)", "notional * fee // PPM"
    ),
    "a_position_that_is_small_stays_outside": (
        *_mutant(
            "return is_large and not account.settings.auto_realize", "return is_large"
        ),
        *_mutant(
            "if not (fits(listed, account, position) and is_at_mark(listed)):",
            "if account is None:",
        ),
    ),
}
