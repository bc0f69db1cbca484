"""
Invariants.

What always holds, as functions that say whether it does. A state invariant looks at
one ``World``; a transition invariant at the world before one action, the world after
it and the action. Each docstring starts with the number of the invariant in
``specs/README.md`` and says what is checked of it here; where the check is of what the
state promises (a round trip would earn nothing, a repayment would succeed) the
specification is run from that state.

All sums are exact: where a value is an amount of scaled units times an index, both
sides are multiplied by ``RAY`` instead of dividing one.

Grouped as the catalogue is: `custody`, `margins`, `settling`, `prices`, `liquidations`
with `slicing` and `epochs`, `governing`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from specs.invariants.book import (
    books_are_in_order,
    fills_keep_the_rules,
    orders_bind_margin,
)
from specs.invariants.custody import (
    accrual_never_bricks,
    cash_is_not_negative,
    indices_are_in_range,
    interest_is_conserved,
    payouts_come_from_cash,
    pools_are_solvent,
    round_trips_earn_nothing,
    share_price_moves_by_interest_only,
    slack_never_falls,
    totals_are_sums,
    values_round_for_the_pool,
    vault_backs_pools,
)
from specs.invariants.epochs import deleveraging_is_fair, epochs_close_pro_rata
from specs.invariants.governing import loosening_waits, outflow_is_limited
from specs.invariants.liquidations import (
    batches_touch_what_they_name,
    exits_are_open,
    fund_is_not_in_debt,
    fund_pays_deficits_only,
    liquidation_improves,
    liquidation_is_due,
    no_zombie_is_left,
    nobody_games_liquidation,
    providers_stay_safe,
    realising_never_fails,
    stages_keep_their_order,
)
from specs.invariants.margins import (
    collateral_counts_once,
    gains_count_as_backed,
    lists_are_short,
    margins_are_ordered,
    nobody_is_made_unhealthy,
    only_the_authorised_act,
    others_are_untouched,
    risk_needs_initial_margin,
)
from specs.invariants.prices import (
    marks_are_bounded,
    old_marks_open_nothing,
    one_price_holds,
    prices_are_positive,
    stale_prices_give_nothing,
)
from specs.invariants.settling import (
    entries_round_against_users,
    fees_go_to_the_reserve,
    funding_is_bounded,
    funding_moves_with_ticks,
    funds_match_positions,
    losers_pay_in_full,
    money_is_conserved,
    payments_are_funded,
    realising_is_neutral,
    realising_is_path_free,
    sizes_cancel_out,
)
from specs.world import Action, World

StateInvariant = Callable[[World], bool]
TransitionInvariant = Callable[[World, World, Action], bool]


def fills_are_fair(before: World, after: World, action: Action) -> bool:
    """
    I28: what both sides of a fill pay in fees is what the reserve is credited; no
    position and no open interest grows by a fill above its market's limit; what an
    order or a slice meets on the book is met in price-time priority, within its limit
    and the bands, and no more of it than its caller allowed; a post-only order meets
    nothing, a reduce-only one never adds, what is to fill at once or not at all does;
    what expires at once never rests.
    """
    return fees_go_to_the_reserve(before, after, action) and fills_keep_the_rules(
        before, after, action
    )


STATE_INVARIANTS: Final[Mapping[str, StateInvariant]] = {
    "I1": vault_backs_pools,
    "I2": pools_are_solvent,
    "I3": totals_are_sums,
    "I4": cash_is_not_negative,
    "I5": indices_are_in_range,
    "I6": accrual_never_bricks,
    "I7": values_round_for_the_pool,
    "I8": round_trips_earn_nothing,
    "I12": margins_are_ordered,
    "I15": collateral_counts_once,
    "I16": gains_count_as_backed,
    "I17": orders_bind_margin,
    "I18": lists_are_short,
    "I19": sizes_cancel_out,
    "I20": money_is_conserved,
    "I21": funding_is_bounded,
    "I23": realising_is_path_free,
    "I24": funds_match_positions,
    "I27": books_are_in_order,
    "I29": marks_are_bounded,
    "I30": stale_prices_give_nothing,
    "I31": prices_are_positive,
    "I37": epochs_close_pro_rata,
    "I40": fund_is_not_in_debt,
    "I41": exits_are_open,
    "I42": realising_never_fails,
}

TRANSITION_INVARIANTS: Final[Mapping[str, TransitionInvariant]] = {
    "I2": slack_never_falls,
    "I4": payouts_come_from_cash,
    "I5": interest_is_conserved,
    "I9": share_price_moves_by_interest_only,
    "I10": nobody_is_made_unhealthy,
    "I11": risk_needs_initial_margin,
    "I13": others_are_untouched,
    "I14": only_the_authorised_act,
    "I21": funding_moves_with_ticks,
    "I22": realising_is_neutral,
    "I23": entries_round_against_users,
    "I25": payments_are_funded,
    "I26": losers_pay_in_full,
    "I28": fills_are_fair,
    "I31": old_marks_open_nothing,
    "I32": one_price_holds,
    "I33": liquidation_is_due,
    "I34": liquidation_improves,
    "I35": stages_keep_their_order,
    "I36": providers_stay_safe,
    "I37": deleveraging_is_fair,
    "I38": nobody_games_liquidation,
    "I39": no_zombie_is_left,
    "I40": fund_pays_deficits_only,
    "I42": batches_touch_what_they_name,
    "I43": loosening_waits,
    "I44": outflow_is_limited,
}


def find_violated_states(world: World) -> list[str]:
    """Return the numbers of the state invariants that do not hold."""
    return [number for number, holds in STATE_INVARIANTS.items() if not holds(world)]


def find_violated_transitions(before: World, after: World, action: Action) -> list[str]:
    """Return the numbers of the transition invariants that do not hold."""
    return [
        number
        for number, holds in TRANSITION_INVARIANTS.items()
        if not holds(before, after, action)
    ]
