"""What anybody may do to the protocol, in any order. Subclasses say against what."""

from contextlib import ExitStack

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from keeper.quick import quick_records
from specs import accounts as acc
from specs import clearinghouse as ch
from specs import invariants
from specs.accounts import BACKSTOP_FUND, Settings
from specs.errors import Revert
from specs.fixed_point import WAD
from specs.state import Cull, Limits
from specs.world import Action, take
from tests.helpers import worlds
from tests.helpers.worlds import ACCOUNTS, ASSETS, CALLERS, MARKETS, UNDERLYING


def mostly(usual, *odd):
    """Return a strategy of the usual, and now and then of something odd."""
    # `one_of` would draw all branches alike.
    return st.sampled_from([*[usual] * 12, *odd]).flatmap(lambda strategy: strategy)


accounts = mostly(st.sampled_from(ACCOUNTS), st.sampled_from(worlds.ODD_ACCOUNTS))
callers = mostly(st.none(), st.sampled_from(CALLERS))
starts = st.sampled_from([*worlds.STARTS, *2 * ["a market at work"]])
assets = mostly(st.sampled_from(ASSETS), st.just(worlds.UNLISTED))
traded = mostly(st.sampled_from(UNDERLYING), st.just(0))
markets = mostly(st.sampled_from(MARKETS), st.just(worlds.UNLISTED))
tokens = st.one_of(
    st.integers(0, 3),
    st.sampled_from([10**exponent for exponent in (6, 7, 8, 9, 10, 11, 18, 19, 20)]),
    st.integers(1, 10**10),
    st.integers(10**18, 10**31),
    st.just(ch.EVERYTHING),
)
amounts = mostly(st.integers(1, 10**21), st.integers(0, 3), st.integers(1, 10**31))
shares = st.sampled_from([500, 250, 100, 999, 1000, 10, 1, 1001, 0])
sizes = mostly(st.integers(1, 2_000), st.integers(0, 3), st.integers(2_000, 2**57))
prices = st.sampled_from([1.0, 1.0, 1.0, 1.005, 0.995, 1.02, 0.98, 1.1, 0.9, 0.5, 2.0])
spreads = st.sampled_from([0.97, 0.995, 1.0, 1.0, 1.0, 1.005, 1.03])
premiums = st.integers(-3 * WAD // 100, 3 * WAD // 100)
seconds = mostly(st.integers(1, 20), st.integers(1, 10**5), st.integers(1, 10**8))
capacities = st.one_of(st.integers(0, 3), st.integers(1, 10**5).map(lambda x: x * WAD))
batches = st.lists(st.sampled_from(ACCOUNTS), max_size=8).map(tuple)
crossings = mostly(st.integers(1, 3), st.just(worlds.CROSSINGS), st.just(0))
variances = st.sampled_from([worlds.CALM, 10**11, 10**12, 2**70, 0])
settings = st.builds(
    Settings,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    mostly(st.just(0), st.integers(1, 30), st.integers(0, 300)),
)
limits = st.builds(
    Limits,
    st.integers(0, 2**61),
    st.integers(0, 10**6),
    st.integers(0, 100),
    st.sampled_from([0, 10**9, 10**12 - 1, 10**12]),
    st.sampled_from([0, 50_000, 10**9]),
    st.sampled_from([10_000, 20_000, 50_000, 50_001]),
)
thresholds = st.sampled_from([0, 10**12, 1_000 * WAD, 10**5 * WAD, 10**28])
culls = st.builds(Cull, thresholds, thresholds, thresholds)
caps = st.sampled_from([0, 1, WAD, 1_000 * WAD, 10**6 * WAD, 10**13 * WAD])
points = st.sampled_from([10_000, 9_000, 6_000, 3_000, 0])
pools_curves = st.builds(
    lambda base, share: worlds.curve(base * 10**9, share * 10**12),
    st.integers(0, 10**10),
    st.integers(0, 600_000),
)
changes = st.one_of(
    st.tuples(st.just("set_fund_cap"), markets, caps),
    st.tuples(st.just("set_curve"), assets, pools_curves),
    st.tuples(st.just("set_limits"), markets, limits),
    st.tuples(st.just("set_cull"), markets, culls),
    st.tuples(st.just("set_caps"), assets, caps, caps),
    st.tuples(st.just("set_guards"), assets, points, points, points, points, caps),
    st.tuples(st.just("set_delay"), st.sampled_from([0, 60, 3600, 10**7])),
    st.tuples(st.just("unpause_asset"), assets),
    st.tuples(st.just("unpause_market"), markets),
    st.tuples(st.just("resume"), assets),
    st.tuples(st.just("withdraw_reserve"), assets, tokens, st.just(worlds.GOVERNOR)),
)
steps = st.builds(ch.Step, mostly(st.integers(0, 5), st.just(6)), assets, tokens)
governing = mostly(st.just(worlds.GOVERNOR), st.sampled_from(CALLERS))
guarding = st.sampled_from([worlds.GUARDIAN, worlds.GOVERNOR, worlds.STRANGER])


class ProtocolMachine(RuleBasedStateMachine):
    """
    The protocol behind the Clearinghouse, its Liquidator, and settable prices.

    A rule is one line: it names a transition. A subclass changes what a transition is
    applied to by overriding `begin`, `step` and `agree`, and never a rule: an override
    without its decorator is no longer a rule.
    """

    def __init__(self):
        super().__init__()
        self.quick = ExitStack()

    def teardown(self):
        self.quick.close()

    @initialize(start=starts)
    def open(self, start):
        self.quick.enter_context(quick_records())
        self.begin(worlds.STARTS[start])

    @rule(account=accounts, asset=assets, tokens=tokens, caller=callers)
    def deposit(self, account, asset, tokens, caller):
        self.act("deposit", caller, account, asset, tokens)

    @rule(tokens=tokens)
    def deposit_for_the_fund(self, tokens):
        self.act("deposit", worlds.STRANGER, BACKSTOP_FUND, 0, tokens)

    @rule(account=accounts, asset=assets, share=shares, caller=callers)
    def withdraw(self, account, asset, share, caller):
        tokens = self.tokens_held(account, asset, share)
        self.act("withdraw", caller, account, asset, tokens)

    @rule(account=accounts, asset=assets)
    def withdraw_everything(self, account, asset):
        self.act("withdraw", None, account, asset, ch.EVERYTHING)

    @rule(account=accounts, asset=assets, tokens=tokens, caller=callers)
    def borrow(self, account, asset, tokens, caller):
        self.act("borrow", caller, account, asset, tokens)

    @rule(account=accounts, asset=assets, tokens=tokens)
    def repay(self, account, asset, tokens):
        self.act("repay", worlds.STRANGER, account, asset, tokens)

    @rule(
        giver=accounts, number=st.integers(0, 2), asset=assets, share=shares, by=callers
    )
    def transfer(self, giver, number, asset, share, by):
        taker, amount = giver >> 96 << 96 | number, self.held(giver, asset, share)
        self.act("transfer", by, giver, taker, asset, amount)

    @rule(giver=accounts, taker=accounts, asset=assets, amount=amounts)
    def transfer_to_anybody(self, giver, taker, asset, amount):
        self.act("transfer", None, giver, taker, asset, amount)

    @rule(account=accounts, asset=assets, share=shares, caller=callers)
    def lend(self, account, asset, share, caller):
        self.act("lend", caller, account, asset, self.idle(account, asset, share))

    @rule(account=accounts, asset=assets, share=shares, caller=callers)
    def unlend(self, account, asset, share, caller):
        self.act("unlend", caller, account, asset, self.held(account, asset, share))

    @rule(account=accounts, steps=st.lists(steps, max_size=4), caller=callers)
    def batch(self, account, steps, caller):
        self.act("batch", caller, account, tuple(steps))

    @rule(account=accounts, settings=settings, caller=callers)
    def set_settings(self, account, settings, caller):
        self.act("set_settings", caller, account, settings)

    @rule(account=accounts, operator=st.sampled_from(CALLERS), rights=st.integers(0, 4))
    def set_operator(self, account, operator, rights):
        self.act("set_operator", None, account, operator, rights)

    @rule(
        asset=traded,
        buyer=accounts,
        seller=accounts,
        amount=amounts,
        off=prices,
        is_buyer=st.booleans(),
    )
    def fill_spot(self, asset, buyer, seller, amount, off, is_buyer):
        price = self.at(asset, off)
        self.trade("fill_spot", asset, buyer, seller, amount, price, is_buyer)

    @rule(
        asset=traded,
        account=accounts,
        buyer=accounts,
        share=shares,
        off=st.sampled_from([1.0, 0.995, 0.99, 0.98, 1.1]),
    )
    def convert(self, asset, account, buyer, share, off):
        amount, price = self.held(account, asset, share), self.at(asset, off)
        self.trade("convert", asset, account, buyer, amount, price)

    @rule(
        market=markets,
        buyer=accounts,
        seller=accounts,
        lots=sizes,
        off=prices,
        is_buyer=st.booleans(),
    )
    def fill_perp(self, market, buyer, seller, lots, off, is_buyer):
        price = self.at(UNDERLYING[market % 2], off)
        self.trade("fill_perp", market, buyer, seller, lots, price, is_buyer)

    @rule(
        moves=st.tuples(prices, prices),
        spread=spreads,
        premium=premiums,
        variance=variances,
        crossings=crossings,
    )
    def reprice(self, moves, spread, premium, variance, crossings):
        for asset, move in zip(UNDERLYING, moves, strict=True):
            price = self.at(asset, move)
            said = price, int(price * spread), premium, variance
            self.act("publish", worlds.STRANGER, asset, *said)
        self.act("tick", worlds.STRANGER, UNDERLYING, MARKETS, crossings)

    @rule(
        assets=st.lists(assets, max_size=3),
        markets=st.lists(markets, max_size=3),
        crossings=crossings,
    )
    def tick(self, assets, markets, crossings):
        self.act("tick", worlds.STRANGER, tuple(assets), tuple(markets), crossings)

    @rule(market=markets, batch=batches, caller=st.sampled_from(CALLERS))
    def realise(self, market, batch, caller):
        self.act("realise", caller, market, batch)

    @rule(account=accounts, caller=callers)
    def bind(self, account, caller):
        self.act("bind", caller, account)

    @rule(account=accounts, caller=callers)
    def give_notice(self, account, caller):
        self.act("give_notice", caller, account)

    @rule(account=accounts, amounts=st.tuples(*4 * [capacities]), caller=callers)
    def pledge(self, account, amounts, caller):
        self.act("pledge", caller, account, *amounts)

    @rule(account=accounts, caller=callers)
    def unpledge(self, account, caller):
        self.act("unpledge", caller, account)

    @rule(account=accounts, caller=callers)
    def drop(self, account, caller):
        self.act("drop", caller, account)

    @rule(account=accounts)
    def liquidate(self, account):
        self.act("liquidate", worlds.STRANGER, account)

    @rule(account=accounts, caller=st.sampled_from(CALLERS))
    def flag(self, account, caller):
        self.act("flag", caller, account)

    @rule(change=changes, caller=governing)
    def govern(self, change, caller):
        name, *arguments = change
        self.act(name, caller, *arguments)

    @rule(change=changes, caller=governing)
    def queue(self, change, caller):
        self.act("queue", caller, change)

    @rule(data=st.data(), caller=governing)
    def do_what_is_queued(self, data, caller):
        if queued := list(self.world.clearing.queued):
            name, *arguments = data.draw(st.sampled_from(queued))
            self.act(name, caller, *arguments)

    @rule(data=st.data(), odd=changes, caller=guarding)
    def cancel_change(self, data, odd, caller):
        queued = [*self.world.clearing.queued, odd]
        self.act("cancel_change", caller, data.draw(st.sampled_from(queued)))

    @rule(asset=assets, caller=guarding)
    def pause_asset(self, asset, caller):
        self.act("pause_asset", caller, asset)

    @rule(market=markets, caller=guarding)
    def pause_market(self, market, caller):
        self.act("pause_market", caller, market)

    @rule(asset=assets)
    def ramp_weight(self, asset):
        self.act("ramp_weight", worlds.STRANGER, asset)

    @rule(asset=st.sampled_from(ASSETS), tokens=st.integers(1, 10**20))
    def donate(self, asset, tokens):
        self.act("donate", worlds.STRANGER, asset, tokens)

    @rule(seconds=seconds)
    def wait(self, seconds):
        self.act("wait", worlds.STRANGER, seconds)

    @invariant()
    def invariants_hold(self):
        assert invariants.find_violated_states(self.world) == []

    @invariant()
    def others_agree(self):
        self.agree()

    # What the rules are made of

    def held(self, account, asset, share):
        """Return a share, in thousandths, of what an account holds; or that itself."""
        clearing = self.world.clearing
        if asset not in clearing.assets:
            return share
        return ch.get_held(clearing, account, asset) * share // 1000

    def idle(self, account, asset, share):
        """Return a share of what an account has idle."""
        held = ch.get_account(self.world.clearing, account)
        return acc.get_balance(held, asset).idle * share // 1000

    def tokens_held(self, account, asset, share):
        """Return a share of what an account holds, in token units."""
        listed = self.world.clearing.assets.get(asset)
        scale = ch.compute_scale(listed) if listed else 1
        return self.held(account, asset, share) // scale

    def at(self, asset, off):
        """Return a price as a multiple of the one published last."""
        known = worlds.at_price(self.world, asset) if asset in UNDERLYING else WAD
        return max(10**6, min(10**8 * WAD, int(known * off)))

    def trade(self, name, *arguments):
        """Fill at the venue."""
        self.act(name, worlds.VENUE, *arguments)

    def act(self, name, caller, *arguments):
        """Take a transition in somebody's name; the account's owner's if None."""
        caller = arguments[0] >> 96 if caller is None else caller
        refusal = self.step(Action(name, caller, arguments))
        event(f"{name}: {refusal or 'taken'}")

    # Hooks

    def begin(self, actions):
        """Open a world and take the actions with which it starts."""
        self.world = worlds.open_world()
        for action in actions:
            self.step(action)

    def step(self, action):
        """Take an action; return the reason if the protocol refuses it, else None."""
        try:
            after = take(self.world, action)
        except Revert as revert:
            return revert.reason
        assert invariants.find_violated_transitions(self.world, after, action) == []
        self.world = after
        return None

    def agree(self):
        """Compare the world with whatever stands beside it."""
