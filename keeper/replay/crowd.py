"""The roles of a crash beside the makers: who bets, who owes, who backs, who trades."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from keeper.client.client import Client
from keeper.client.ladders import compute_price
from keeper.client.units import Rounding, to_decimal
from keeper.parameters import MARKETS, AssetListing
from keeper.replay.actors import Actor, Owner, View, fund, get_price, hold
from keeper.replay.actors import top_up as bring
from keeper.replay.roles import pledge
from keeper.replay.stages import assess_alone
from keeper.replay.wallets import Wallet
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import AccountId, Settings
from specs.fixed_point import WAD
from specs.instruments import is_spot
from specs.state import State

NEAR: Final = 3_000
"""How far from the mark somebody takes who need not, ppm."""

WORRY: Final = 1.3
"""Times maintenance margin, at which the careful bring money."""


@dataclass
class Member:
    """What everybody has in common who holds one account and deposits once."""

    wallet: Wallet
    random: Random
    collateral: AssetListing
    tokens: int
    """Units of it."""
    settings: Settings = field(default=acc.DEFAULT, kw_only=True)

    @property
    def account(self) -> AccountId:
        """Return the account that trades."""
        return self.wallet.account()

    def begin(self, client: Client) -> None:
        """Deposit the collateral."""
        fund(hold(client, self), self.collateral, self.tokens)


@dataclass
class Speculator(Member):
    """Has a position from the first tick on, and mostly waits."""

    market: int
    side: int
    """1 for long, -1 for short."""
    leverage: float
    """To begin with."""
    take_profit: int = 0
    """How far from the first price an order rests that closes, ppm; 0 for none."""
    is_careful: bool = False
    """Whether new money is brought, once."""
    _is_placed: bool = field(default=False, repr=False)

    @property
    def role(self) -> str:
        """Return which way the trader bets."""
        return "long" if self.side > 0 else "short"

    def act(self, view: View) -> None:
        """Place the order that takes a profit, at first; bring money, once."""
        if self.take_profit and not self._is_placed:
            self._is_placed = True
            self._place(view)
        if self.is_careful:
            health = assess_alone(view.state, self.account, view.now)
            if health.equity < WORRY * health.maintenance_margin:
                self.is_careful = False
                bring(hold(view.client, self), self.collateral, self.tokens // 4)

    def _place(self, view: View) -> None:
        lots = get_lots(view.state, self.account, self.market)
        if lots == 0:
            return
        listed = view.client.link.listings.named(self.market)
        price = compute_price(
            get_price(view.state, self.market), self.take_profit, is_ask=self.side > 0
        )
        rounding = Rounding.UP if self.side > 0 else Rounding.DOWN
        limit = to_decimal(listed.to_wad(to_decimal(price), rounding))
        account = hold(view.client, self)
        trade = account.sell if self.side > 0 else account.buy
        size = listed.from_quoted(abs(lots))
        trade(listed.name, size, limit, reduce_only=True, rounding=Rounding.DOWN)


@dataclass
class Holder(Member):
    """Owes one spot asset and holds another, bought with it at the first tick."""

    instrument: int
    is_long: bool
    """Whether the asset is held and USDC owed, or the other way round."""
    role: str = "spot margin"

    def act(self, view: View) -> None:
        """Wait."""


@dataclass
class Lender(Member):
    """Lends, and nothing else."""

    role: str = "lender"

    def act(self, view: View) -> None:
        """Wait."""


@dataclass
class Drifter(Member):
    """Buys and sells a little all the time: the volume of a market at work."""

    instruments: Sequence[int]
    worth: int
    """Of a trade, whole USDC."""
    role: str = "day trader"

    def act(self, view: View) -> None:
        """Trade in one instrument in half of the ticks; close what has been opened."""
        if self.random.random() < 0.5:
            return
        instrument = self.random.choice(self.instruments)
        held = get_lots(view.state, self.account, instrument)
        price = get_price(view.state, instrument)
        unit = MARKETS[instrument].lot
        lots = self.worth * WAD * WAD // (price * unit)
        side = self.random.choice((-1, 1))
        take(view, self, instrument, -held if abs(held) > 2 * lots else side * lots)


@dataclass
class Backstop(Member):
    """Takes over what the backstop hands out, and sells it near the mark."""

    role: str = "backstop provider"

    def begin(self, client: Client) -> None:
        """Deposit and pledge."""
        super().begin(client)
        pledge(client, self, self.tokens // 10**6)

    def act(self, view: View) -> None:
        """Trade two fifths of each position back, all of it once it is small."""
        for listing in MARKETS:
            held = get_lots(view.state, self.account, listing.number)
            if held:
                part = held if abs(held) < 100 else held * 2 // 5
                take(view, self, listing.number, -part)


@dataclass(frozen=True)
class Opening:
    """Two who trade with one another at the first tick, at the price that there is."""

    buyer: Owner
    seller: Owner
    instrument: int
    worth: int
    """Whole USDC."""

    def settle(self, view: View, nonce: int) -> None:
        """Have the desk fill both sides' quotes."""
        listed = view.client.link.listings.named(self.instrument)
        price = get_price(view.state, self.instrument)
        amount = to_decimal(self.worth * WAD * WAD // price)
        size = listed.to_size(listed.to_lots(amount, Rounding.DOWN))
        if size == 0:
            return
        sides = [
            hold(view.client, owner).quote(
                listed.name,
                is_buy=owner is self.buyer,
                size=size,
                price=to_decimal(price),
                nonce=nonce,
                counterparty=other.account,
            )
            for owner, other in (
                (self.seller, self.buyer),
                (self.buyer, self.seller),
            )
        ]
        hold(view.client, self.seller).cross(*sides)


@dataclass(frozen=True)
class Crowd:
    """Everybody, and what is traded before the path begins to move."""

    actors: Sequence[Actor]
    openings: Sequence[Opening]

    @property
    def accounts(self) -> dict[AccountId, str]:
        """Return the role of every account."""
        return {actor.account: actor.role for actor in self.actors}

    @property
    def wallets(self) -> Sequence[Wallet]:
        """Return every wallet once."""
        return list(dict.fromkeys(actor.wallet for actor in self.actors))


def get_lots(state: State, account: AccountId, market: int) -> int:
    """Return the size of a position, signed."""
    return int(acc.get_position(ch.get_account(state, account), market).lots)


def take(view: View, owner: Owner, instrument: int, lots: int) -> None:
    """Take so many lots, signed, from the book, no further than near the mark."""
    if lots == 0:
        return
    listed = view.client.link.listings.named(instrument)
    price = get_price(view.state, instrument)
    limit = compute_price(price, NEAR, is_ask=lots > 0)
    rounding = Rounding.DOWN if lots > 0 else Rounding.UP
    account = hold(view.client, owner)
    trade = account.buy if lots > 0 else account.sell
    size = listed.from_quoted(abs(lots))
    worst = to_decimal(listed.to_wad(to_decimal(limit), rounding))
    held = 0 if is_spot(instrument) else get_lots(view.state, owner.account, instrument)
    reduces = held * lots < 0 and abs(lots) <= abs(held)
    trade(listed.name, size, worst, "ioc", reduce_only=reduces)
