"""Pools and balances in any state, as words for `MoneyMarketHarness.vy` and back."""

from dataclasses import asdict, dataclass, replace

from keeper.chain.interface import Refused
from keeper.chain.revm import GENESIS
from specs import packing
from specs.accounts import DEFAULT, Account, AccountId, Settings
from specs.fixed_point import RAY
from specs.interest_rate import Curve
from specs.money_market import EMPTY, MAX_INDEX, MIN_INDEX, Balance, Pool
from specs.packing import pack, pack_list
from specs.state import Asset, State
from tests.helpers import harness as harnesses

ACCOUNT = AccountId(2**96)
NOW = GENESIS
CURVE = Curve(10**18, 10**18, 10**19, 8 * 10**17, 10**17)


@dataclass(frozen=True)
class Case:
    """One asset's pool and one account."""

    asset: int
    pool: Pool
    balance: Balance = EMPTY
    settings: Settings = DEFAULT


def any_amount(r, most=10**30):
    """Return an amount: nothing, dust, a round number or any."""
    found = r.choice(
        [
            0,
            r.randrange(4),
            r.randrange(10**4),
            10 ** r.randrange(31) + r.randrange(-1, 2),
            r.randrange(10 ** r.randrange(1, 31)),
        ]
    )
    return min(max(found, 0), most)


def any_index(r, low=RAY):
    """Return an index of at least `low`: at its start, at its end or between."""
    return r.choice(
        [
            low,
            low + r.randrange(10**9),
            min(MAX_INDEX, low * r.randrange(1, 10) + r.randrange(RAY)),
            r.randrange(low, MAX_INDEX + 1),
            MAX_INDEX - r.randrange(10**6),
        ]
    )


def any_curve(r):
    """Return a curve within the bounds of its setter."""
    return Curve(
        base=r.choice([0, r.randrange(10**11) * 10**9]),
        slope_low=r.choice([0, r.randrange(10**11) * 10**9]),
        slope_high=r.choice([0, r.randrange(10**11) * 10**9]),
        optimal=r.randrange(1, 10**6) * 10**12,
        reserve_share=r.choice([0, 100_000, 10**6, r.randrange(10**6)]) * 10**12,
    )


def any_case(r, asset):
    """
    Return a pool and a balance in it. A lend index is at most the borrow index; a
    total may be less than the balances in it.
    """
    borrow_index = any_index(r)
    lend_index = r.choice(
        [borrow_index, RAY, r.randrange(MIN_INDEX, borrow_index + 1), MIN_INDEX]
    )
    scaled = r.choice([0, any_amount(r), -any_amount(r)])
    idle = r.choice([0, any_amount(r)])
    reserve = any_amount(r)
    owed = max(0, -scaled)
    pool = Pool(
        lend_index=lend_index,
        borrow_index=borrow_index,
        accrued_at=NOW - r.choice([0, 1, 60, 86_400, 10**7, 365 * 86_400, 10**9]),
        lends=max(0, scaled) + reserve + any_amount(r) * r.choice([1, 1, 1, -1]),
        borrows=r.choice([owed + any_amount(r), max(0, owed - any_amount(r))]),
        cash=any_amount(r),
        reserve=reserve,
        idle=idle + any_amount(r),
        is_halted=r.random() < 0.1,
        curve=any_curve(r),
        is_paused=r.random() < 0.1,
    )
    return Case(asset, pool, Balance(scaled, idle), any_settings(r))


def any_settings(r):
    """Return what an account may have chosen."""
    chosen = [r.random() < 0.5 for _ in range(4)]
    return Settings(*chosen, r.choice([0, 1, 255, r.randrange(256)]))


def to_header(case):
    """Return the header of an account that has nothing but the case's balance."""
    listed = case.asset != 0 and case.balance != EMPTY
    chosen = case.settings
    values = {
        "assets": pack_list((case.asset,)) if listed else 0,
        "markets": 0,
        "orders": 0,
        "release_at": 0,
        "max_leverage": chosen.max_leverage,
        "is_not_repaying": not chosen.auto_repay,
        "is_not_borrowing": not chosen.auto_borrow_settlements,
        "is_realising": chosen.auto_realize,
        "is_idling": not chosen.auto_lend,
    }
    return pack(values, packing.HEADER)


def to_words(case):
    """Return a case as the harness takes and returns it."""
    fields = vars(case.pool) | vars(case.pool.curve)
    return (
        pack(fields, packing.POOL_INDEX),
        pack(fields, packing.POOL_TOTAL),
        pack(fields, packing.POOL_CASH),
        pack(fields, packing.POOL_IDLE),
        pack(fields, packing.CURVE),
        pack(asdict(case.pool.guards), packing.GUARDS),
        to_header(case),
        pack(vars(case.balance), packing.BALANCE),
    )


def to_state(case):
    """Return the case as a state of the specification, without markets."""
    nothing = dict.fromkeys(Asset.__dataclass_fields__)
    listed = Asset(**nothing | {"decimals": 18, "pool": case.pool, "custody": 0})
    balances = {} if case.balance == EMPTY else {case.asset: case.balance}
    held = Account(balances=balances, settings=case.settings)
    return State(0, assets={case.asset: listed}, accounts={ACCOUNT: held})


def from_state(state, case):
    """Return what became of a case in a state of the specification."""
    held = state.accounts[ACCOUNT]
    balance = held.balances.get(case.asset, EMPTY)
    return replace(case, pool=state.assets[case.asset].pool, balance=balance)


class Module:
    """The harness, asked about cases."""

    def __init__(self):
        self.harness = harnesses.deploy("MoneyMarketHarness")

    def __call__(self, method, case, *arguments):
        """Return what a function makes of a case, or why it refuses."""
        try:
            return self.harness(method, case.asset, to_words(case), *arguments)
        except Refused as refused:
            return refused.reason

    def arrange(self, total, virtuals):
        """Store the words of all funds and of W and V."""
        funds = {"total": total, "virtual": virtuals.rest}
        words = pack(funds, packing.FUNDS), pack(vars(virtuals), packing.VIRTUALS)
        self.harness.send("arrange", *words)
