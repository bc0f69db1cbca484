"""Deliberate mistakes: for every executable invariant one in its mechanism."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """What breaks `number`: `new` for `old` in the function `place` of `specs/`."""

    number: str
    place: str
    old: str
    new: str


SPEC_MUTANTS = [
    Mutant("I1", "ledger.take_out", "with_custody(state, asset, -tokens)", "state"),
    Mutant(
        "I2",
        "money_market.debit",
        "minted = mul_div_up(amount, RAY, pool.borrow_index)",
        "minted = mul_div_down(amount, RAY, pool.borrow_index)",
    ),
    Mutant(
        "I2",
        "money_market.write_off",
        "lends=lends - lost",
        "lends=lends",
    ),
    Mutant("I3", "money_market.credit_reserve", "lends=pool.lends + minted, ", ""),
    Mutant(
        "I3",
        "virtual_pnl.earn",
        "max(0, gain) * lend_fall",
        "max(0, -gain) * lend_fall",
    ),
    Mutant(
        "I3",
        "money_market.accrue",
        "mul_div_up(virtuals.winners, fall",
        "mul_div_up(0, fall",
    ),
    Mutant(
        "I3",
        "settlement.settle_interest",
        "max(0, pool.borrows - borrow)",
        "pool.borrows",
    ),
    Mutant(
        "I4",
        "ledger.take_out",
        "pay_out(state.assets[asset].pool, amount)",
        "pay_out(state.assets[asset].pool, Wad(0))",
    ),
    Mutant("I4", "guards.require_supply_cap", "0 < cap < lends_after", "False"),
    Mutant("I4", "guards.require_borrow_cap", "0 < cap < borrows_after", "False"),
    Mutant(
        "I4",
        "guards.check_utilisation",
        "utilisation_after > guards.max_utilisation * WAD // BPS",
        "False",
    ),
    Mutant(
        "I4",
        "guards.check_utilisation",
        "utilisation_after > guards.admissible * WAD // PPM",
        "False",
    ),
    Mutant(
        "I5",
        "money_market.accrue",
        "mul_div_down(interest - paid",
        "mul_div_up(interest",
    ),
    Mutant(
        "I6",
        "money_market.compute_borrow_index",
        "min(now - pool.accrued_at, MAX_ACCRUAL)",
        "now - pool.accrued_at",
    ),
    Mutant("I7", "money_market.compute_debt", "mul_div_up", "mul_div_down"),
    Mutant(
        "I8",
        "money_market.credit",
        "minted = mul_div_down(amount",
        "minted = mul_div_up(amount",
    ),
    Mutant(
        "I9",
        "money_market.receive",
        "cash=Wad(pool.cash + amount)",
        "cash=Wad(pool.cash + amount), lend_index=Ray(pool.lend_index + 1)",
    ),
    Mutant(
        "I10",
        "pool_limits.require_margin_and_cash",
        "margin.require_initial_margin(health)",
        "",
    ),
    Mutant(
        "I11", "clearinghouse.transfer", "require_initial_margin(state, giver, now)", ""
    ),
    Mutant(
        "I12",
        "requirements.compute_initial_margin",
        "requirement.base_imf",
        "requirement.base_imf // 4",
    ),
    Mutant(
        "I12",
        "dynamic_margin.compute_maintenance_scale",
        "min(scale, old_scale + RAMP * elapsed)",
        "old_scale + RAMP * elapsed",
    ),
    Mutant(
        "I12",
        "requirements.limit_leverage",
        "max(requirement.base_imf, least)",
        "requirement.base_imf",
    ),
    Mutant(
        "I13",
        "settlement.charge",
        "debit(state, account, USDC, fee)",
        "debit(state, max(state.accounts), USDC, fee)",
    ),
    Mutant(
        "I14",
        "clearinghouse.borrow",
        "require_authorised(state, account, caller, acc.WITHDRAW)",
        "",
    ),
    Mutant(
        "I14",
        "settle_code.realise",
        "is_culled or may_realise(state, caller, market, account)",
        "True",
    ),
    Mutant(
        "I14",
        "settle_code.realise",
        "listed.cull.system_threshold",
        "listed.cull.account_threshold",
    ),
    Mutant(
        "I14",
        "settle_code.is_reached",
        "0 < threshold <= amount",
        "threshold <= amount",
    ),
    Mutant("I14", "state.credit", "asset == USDC and not settings.auto_repay", "False"),
    Mutant("I14", "state.credit", "not settings.auto_lend", "False"),
    Mutant(
        "I15",
        "money_market.compute_held",
        "balance.idle + compute_lent",
        "2 * balance.idle + compute_lent",
    ),
    Mutant(
        "I16",
        "margin.compute_conservative_usdc",
        "min(0, e.worst_value) + e.credit",
        "e.worst_value",
    ),
    Mutant("I16", "state.get_credit", "not is_at_mark(listed)", "False"),
    Mutant("I16", "state.get_credit", "virtual_pnl.compute_share(", "max("),
    Mutant("I18", "accounts.with_balance", "balance == EMPTY", "balance is None"),
    Mutant(
        "I18",
        "settlement.exchange",
        "epoch=epoch if position.lots else 0",
        "epoch=epoch",
    ),
    Mutant(
        "I19",
        "settlement.trade_inventory",
        "max(0, new.lots) - max(0, old.lots)",
        "abs(new.lots) - abs(old.lots)",
    ),
    Mutant(
        "I19",
        "deleveraging.get_left",
        "if e.is_long == is_long",
        "if e.is_long or is_long",
    ),
    Mutant(
        "I19",
        "settlement.exchange",
        "max(0, traded.position.lots) - max(0, old.lots)",
        "abs(traded.position.lots) - abs(old.lots)",
    ),
    Mutant("I20", "perpetual.compute_cost", "rounds_up=True", "rounds_up=False"),
    Mutant(
        "I20",
        "settlement.trade_inventory",
        "basis=old.basis - cost",
        "basis=old.basis - cost + 9",
    ),
    Mutant("I21", "funding.advance", "min(elapsed, interval)", "elapsed"),
    Mutant(
        "I22",
        "settlement.realise_one",
        "perpetual.settle(position, paid)",
        "perpetual.settle(position, paid - 9)",
    ),
    Mutant(
        "I22",
        "settlement.settle_interest",
        "virtual_pnl.settle(position)",
        "position",
    ),
    Mutant(
        "I22",
        "settlement.meet_next",
        "deleveraging.compute_closing_price(epoch, listed.funding.index)",
        "epoch.price",
    ),
    Mutant(
        "I22",
        "state.get_exposure",
        "get_effective_position(state, market, position)",
        "position",
    ),
    Mutant(
        "I23",
        "virtual_pnl.compute_entry",
        "return grid.tick_up",
        "return grid.tick_down",
    ),
    Mutant(
        "I23",
        "settlement.realise_one",
        "liquidity_fund.pay(listed.fund, gain)",
        "liquidity_fund.pay(listed.fund, gain // 2)",
    ),
    Mutant("I24", "liquidity_fund.compute_rest", "winners + losers", "winners"),
    Mutant(
        "I24", "perpetual.trade", "position.basis + cost", "position.basis + cost + 9"
    ),
    Mutant(
        "I25",
        "liquidity_fund.compute_payment",
        "min(gain, max(0, fund.balance + fund.cap))",
        "gain",
    ),
    Mutant(
        "I26",
        "liquidity_fund.compute_payment",
        "        return gain\n",
        "        return gain // 2\n",
    ),
    Mutant(
        "I28",
        "settlement.charge",
        "USDC, fee), fee)",
        "USDC, fee), Wad(fee // 2))",
    ),
    Mutant(
        "I28",
        "trade_code.require_position_limit",
        "lots > state.markets[market].limits.max_position",
        "False",
    ),
    Mutant(
        "I28",
        "trade_code.require_open_interest_limit",
        "after.open_interest > after.limits.max_open_interest",
        "False",
    ),
    Mutant(
        "I26",
        "spot_code.require_conversion",
        "amount > conversion.compute_most(excess, price)",
        "False",
    ),
    Mutant("I26", "conversion.compute_reference", "max(quote", "min(quote"),
    Mutant(
        "I26",
        "conversion.compute_cap_excess",
        "pool.borrow_cap == 0 or is_discounted",
        "pool.borrow_cap == 0",
    ),
    Mutant("I30", "margin.assess", "len(stale_legs) > 0\n", "False\n"),
    Mutant(
        "I31",
        "settle_code.take_mark",
        "price.time)\n    changed",
        "price.time + 9)\n    changed",
    ),
    Mutant("I31", "margin.is_restricted", "REDUCE_ONLY_AGE", "MAX_PRICE_AGE"),
    Mutant(
        "I32",
        "settle_code.take_price",
        "Quote(price.slow, price.fast, price.time)",
        "Quote(price.fast, price.slow, price.time)",
    ),
    Mutant(
        "I33",
        "liquidation_code.open_takeover",
        "not distress.was_due(held.distress, health.priced_at, now)",
        "False",
    ),
    Mutant(
        "I33",
        "distress.was_due",
        "distress.flagged_at < now <= distress.flagged_at + FLAG_LIFE",
        "distress.flagged_at > 0",
    ),
    Mutant(
        "I33",
        "distress.flag",
        "distress.flagged_at > 0 and now - distress.flagged_at <= FLAG_LIFE",
        "False",
    ),
    Mutant(
        "I33",
        "slice_code.flag",
        "not margin.is_due_now(assess(state, account, now))",
        "False",
    ),
    Mutant(
        "I34", "backstop.compute_account_price", "WAD - discount", "WAD - 4 * discount"
    ),
    Mutant(
        "I34",
        "deleverage_code.get_price",
        "min(terms.discount, mul_div_down(get_bound(state, market), terms.ratio, WAD))",
        "terms.discount",
    ),
    Mutant(
        "I35",
        "liquidation_code.open_takeover",
        "not (backstop.is_open(health) or is_book_failed)",
        "False",
    ),
    Mutant(
        "I35",
        "deleveraging.is_open",
        "4 * equity <= maintenance_margin",
        "equity <= maintenance_margin",
    ),
    Mutant("I35", "backstop.compute_unfunded", "(deficit - fund, WAD", "(deficit, WAD"),
    Mutant(
        "I36",
        "providers.compute_remaining",
        "min(pledged.per_minute - minute, pledged.per_hour - hour)",
        "pledged.per_hour - hour",
    ),
    Mutant(
        "I36",
        "liquidation_code.take_over",
        "ch.require_bound(state, provider, now)",
        "",
    ),
    Mutant(
        "I36",
        "liquidation_code.limit_portion",
        "min(listed.limits.max_position, worth)",
        "2**60",
    ),
    Mutant(
        "I36", "providers.has_lost", "lost > provider.pledge.max_loss", "lost > 2**200"
    ),
    Mutant("I36", "clearinghouse.borrow", "require_free(state, account, now)", ""),
    Mutant(
        "I37",
        "deleveraging.compute_left",
        "epoch.met * epoch.lots // epoch.open_interest",
        "epoch.met * epoch.lots // epoch.open_interest // 2",
    ),
    Mutant(
        "I37",
        "settlement.meet_next",
        "deleveraging.meet(epoch, position.lots)",
        "deleveraging.meet(epoch, Lots(position.lots - 1))",
    ),
    Mutant(
        "I37",
        "deleveraging.compute_effective_interest",
        "open_interest - left",
        "open_interest",
    ),
    Mutant(
        "I37",
        "settlement.trade_touched",
        "len(state.markets[market].epochs)",
        "0 * account",
    ),
    Mutant("I37", "deleverage_code.close", "is_long=lots > 0", "is_long=lots < 0"),
    Mutant(
        "I37",
        "deleverage_code.get_bound",
        "freed * WAD // (PPM + state.assets[USDC].requirement.base_mmf)",
        "WAD",
    ),
    Mutant(
        "I37",
        "deleveraging.compute_price",
        "is_above = is_selling\n",
        "is_above = not is_selling\n",
    ),
    Mutant(
        "I37",
        "deleveraging.compute_price",
        "min(mul_div_down(loss, WAD, notional), bound)",
        "bound",
    ),
    Mutant(
        "I37",
        "deleveraging.limit_to_index",
        "max(min(mark, low), min(max(mark, high), price))",
        "price",
    ),
    Mutant(
        "I38",
        "clearinghouse.deposit",
        "not is_own and margin.is_liquidatable",
        "False and margin.is_liquidatable",
    ),
    Mutant(
        "I39",
        "bankruptcy.compute_deficit",
        "mul_div_down(claims, RAY, index)",
        "0 * claims",
    ),
    Mutant("I40", "bankruptcy.close_takeover", "Wad(min(owed, fund))", "owed"),
    Mutant(
        "I41",
        "ledger.pay_back",
        "min(tokens, mul_div_up(debt, 1, scale))",
        "min(tokens, debt // scale)",
    ),
    Mutant(
        "I42",
        "settlement.realise_one",
        "perpetual.FLAT:\n        return state\n",
        "perpetual.FLAT:\n        raise errors.NotAuthorised\n",
    ),
    Mutant(
        "I41",
        "pool_limits.require_borrowing",
        "new >= min(0, old)",
        "False",
    ),
    Mutant(
        "I41",
        "trade_code.require_open_interest_limit",
        "if grown and after",
        "if after",
    ),
    Mutant("I42", "settle_code.move_cursor", "entries, crossings", "entries, 99"),
    Mutant("I43", "governance.settle", "is_loosening and state.delay > 0", "False"),
    Mutant(
        "I43",
        "governance.ramp_weight",
        "min(now - listed.ramped_at, 86_400)",
        "86_400",
    ),
    Mutant(
        "I43",
        "pool_limits.require_borrowing",
        "after.assets[asset].pool.is_paused",
        "False",
    ),
    Mutant("I43", "trade_code.fill_perp", "listed.is_paused and not", "False and not"),
    Mutant(
        "I44",
        "guards.check_outflow",
        "guards.average - compute",
        "guards.average - 2 * compute",
    ),
]
