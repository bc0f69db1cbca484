"""What happened between accounts that were due and their providers."""

from dataclasses import replace

from keeper.history import epochs
from keeper.history.books import Entry, expect
from keeper.history.touches import Touched, get_idle, realise, settle, trade, use_idle
from specs import backstop, bankruptcy, liquidation_code, liquidator, margin, providers
from specs import clearinghouse as ch
from specs.accounts import USDC, AccountId
from specs.bankruptcy import Deficit
from specs.clearinghouse import State
from specs.fixed_point import WAD, Wad, mul_div_down
from specs.providers import Pledge


def open_takeover(state: State, entry: Entry) -> State:
    """Return the state after a takeover was opened, with what it settled."""
    account, now = AccountId(entry.told["account"]), entry.now
    touched = Touched(liquidation_code.accrue_debts(state, account, now))
    health = ch.assess(touched.state, account, now)
    met, rest = epochs.meet_all(touched.state, entry)
    touched = Touched(met)
    for market in sorted(ch.get_account(met, account).positions):
        if not margin.is_stale(met.markets[market].quote, now):
            touched = realise(touched, market, account)
    settle(rest, use_idle(touched, account))
    opened, terms = liquidation_code.open_takeover(
        state, now, account, is_book_failed=not backstop.is_open(health)
    )
    expect(
        entry.event,
        equity=health.equity,
        maintenance_margin=health.maintenance_margin,
        exposure=terms.exposure,
        discount=terms.discount,
        due=terms.due,
        unfunded=terms.unfunded,
        deficit=terms.deficit,
        may_deleverage=terms.may_deleverage,
    )
    return opened


def take_position(state: State, entry: Entry) -> State:
    """Return the state after a provider took some of a position."""
    told, market, lots = entry.told, entry.told["market"], entry.told["lots"]
    given, taken = Wad(told["account_price"]), Wad(told["provider_price"])
    listed = ch.get_market(state, market)
    touched = Touched(state)
    touched = trade(touched, market, AccountId(told["account"]), -lots, given)
    touched = trade(touched, market, AccountId(told["provider"]), lots, taken)
    state = settle(entry, touched)
    share = mul_div_down(abs(lots) * listed.lot, abs(taken - given), WAD)
    before = state.markets[market].fund.balance
    state = liquidation_code.pay_backstop_fund(state, market, Wad(share))
    expect(entry.event, fund_paid=before - state.markets[market].fund.balance)
    return state


def take_debt(state: State, entry: Entry) -> State:
    """Return the state after a provider took some of a debt."""
    told, asset, amount = entry.told, entry.told["asset"], Wad(entry.told["amount"])
    expect(entry.event, price=bankruptcy.get_price(state, asset))
    state = ch.pay_debt(state, AccountId(told["account"]), asset, amount)
    return ch.debit(state, AccountId(told["provider"]), asset, amount)


def take_collateral(state: State, entry: Entry) -> State:
    """Return the state after a provider got collateral for debts."""
    expect(entry.event, price=bankruptcy.get_price(state, entry.told["asset"]))
    return hand(state, entry, entry.told["asset"])


def leave_debt(state: State, entry: Entry) -> State:
    """Return the state after a provider got USDC that the account owes now."""
    return hand(state, entry, USDC)


def hand(state: State, entry: Entry, asset: int) -> State:
    """Return the state after an amount went from an account to a provider."""
    amount = Wad(entry.told["amount"])
    state = ch.debit(state, AccountId(entry.told["account"]), asset, amount)
    return ch.credit(state, AccountId(entry.told["provider"]), asset, amount)


def spend_idle(state: State, entry: Entry) -> State:
    """Return the state after idle USDC paid a debt when a takeover was closed."""
    account = AccountId(entry.told["account"])
    before = get_idle(state, account)
    state = bankruptcy.use_idle(state, account)
    expect(entry.event, amount=before - get_idle(state, account))
    return state


def write_off(state: State, entry: Entry) -> State:
    """Return the state after a bankrupt account's debt was paid."""
    account = AccountId(entry.told["account"])
    state, deficit = bankruptcy.close_takeover(state, entry.now, account)
    paid = deficit or Deficit(Wad(0), Wad(0), Wad(0))
    pool = state.assets[USDC].pool
    expect(
        entry.event,
        **vars(paid),
        lend_index=pool.lend_index,
        is_halted=pool.is_halted,
    )
    return state


def pledge(state: liquidator.State, entry: Entry) -> liquidator.State:
    """Return the providers after one of them pledged, with a bound account."""
    told = entry.told
    pledged = Pledge(
        per_minute=Wad(told["per_minute"]),
        per_hour=Wad(told["per_hour"]),
        max_position=Wad(told["max_position"]),
        max_loss=Wad(told["max_loss"]),
    )
    account = AccountId(told["account"])
    changed = providers.pledge(state.providers, account, pledged)
    return replace(state, providers=changed)


def unpledge(state: liquidator.State, entry: Entry) -> liquidator.State:
    """Return the providers after one of them left or was dropped."""
    account = AccountId(entry.told["account"])
    return replace(state, providers=providers.unpledge(state.providers, account))


def use_capacity(state: liquidator.State, entry: Entry) -> liquidator.State:
    """Return the providers after one of them took something over."""
    told = entry.told
    provider, equity = AccountId(told["provider"]), told["equity"]
    notional, earned = Wad(told["notional"]), Wad(told["earned"])
    pledged = state.providers[provider]
    used = providers.use_capacity(pledged, notional, earned, equity, entry.now)
    return replace(state, providers={**state.providers, provider: used})
