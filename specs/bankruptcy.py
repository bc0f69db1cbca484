"""
Bankruptcy.

Whether an account has nothing but a debt, and who pays it then: the backstop fund
first, the reserve, the lenders, in the transaction that finds it.

Counterpart of ``contracts/modules/bankruptcy.vy`` and of ``close_takeover``.
"""

from dataclasses import dataclass

from specs import accounts as acc
from specs import backstop, money_market
from specs import clearinghouse as ch
from specs.accounts import USDC, AccountId
from specs.clearinghouse import State
from specs.fixed_point import RAY, WAD, Seconds, Wad, mul_div_down, mul_div_up


@dataclass(frozen=True)
class Deficit:
    """Who paid what a bankrupt account owed."""

    fund_paid: Wad
    reserve_paid: Wad
    socialised: Wad


def get_price(state: State, asset: int) -> Wad:
    """Return the slow price of an asset; USDC's is 1."""
    return Wad(WAD) if asset == USDC else ch.get_quote(state, asset).slow


def is_bankrupt(state: State, account: AccountId, now: Seconds) -> bool:
    """
    Return whether an account has nothing but a USDC debt, and claims for less.

    By value: collateral worth no more than dust does not count, so that nobody can
    hold a resolution up with a donation.
    """
    held = ch.get_account(state, account)
    if any(position.lots != 0 for position in held.positions.values()):
        return False
    if ch.get_owed(state, account, USDC, now) <= get_claims(state, account):
        return False
    others = [asset for asset in held.balances if asset != USDC]
    if any(held.balances[asset].scaled < 0 for asset in others):
        return False
    worth = sum(
        mul_div_down(ch.get_held(state, account, a), get_price(state, a), WAD)
        for a in held.balances
    )
    return worth <= backstop.DUST


def get_claims(state: State, account: AccountId) -> Wad:
    """Return what the markets' funds still owe an account for positions it closed."""
    positions = ch.get_account(state, account).positions.values()
    return Wad(sum(-position.basis for position in positions if position.lots == 0))


def compute_deficit(state: State, account: AccountId, claims: Wad) -> Wad:
    """
    Return what a bankrupt account owes beyond its claims, rounded up so that what is
    left of its debt is worth no more than these.
    """
    index = state.assets[USDC].pool.borrow_index
    balance = acc.get_balance(ch.get_account(state, account), USDC)
    staying = mul_div_down(claims, RAY, index)
    return Wad(mul_div_up(-balance.scaled - staying, index, RAY))


def use_idle(state: State, account: AccountId) -> State:
    """
    Return ``state`` with the account's idle USDC repaying its USDC debt, whatever its
    settings say: what it has pays what it owes before anybody else does.
    """
    pool = state.assets[USDC].pool
    balance = acc.get_balance(ch.get_account(state, account), USDC)
    debt = money_market.compute_debt(balance, pool.borrow_index)
    used = Wad(min(balance.idle, debt))
    if used == 0:
        return state
    entry = money_market.lend_idle(pool, balance, used)
    return ch.with_entry(state, account, USDC, entry)


def close_takeover(
    state: State, now: Seconds, account: AccountId
) -> tuple[State, Deficit | None]:
    """
    Return ``state`` with the account's deficit paid, if it is bankrupt. As much of the
    debt stays as its claims will pay.

    There is none to speak of if a pool that was halted before pays nothing.
    """
    state = use_idle(state, account)
    if not is_bankrupt(state, account, now):
        return state, None
    claims = get_claims(state, account)
    owed = compute_deficit(state, account, claims)
    fund = ch.get_held(state, acc.BACKSTOP_FUND, USDC)
    fund_paid = Wad(min(owed, fund))
    state = ch.debit(state, acc.BACKSTOP_FUND, USDC, fund_paid)
    state = ch.pay_debt(state, account, USDC, fund_paid)

    balance = acc.get_balance(ch.get_account(state, account), USDC)
    if fund_paid == owed:
        return state, Deficit(fund_paid, Wad(0), Wad(0))
    before = state.assets[USDC].pool
    winners = ch.get_virtuals(state, USDC).winners
    pool, balance, paid = money_market.write_off(before, balance, winners, claims)
    state = ch.with_entry(state, account, USDC, (pool, balance))
    state = ch.earn(state, before, pool)
    deficit = Deficit(fund_paid, paid.reserve_paid, paid.socialised)
    if pool == before and fund_paid == 0:
        return state, None
    return state, deficit
