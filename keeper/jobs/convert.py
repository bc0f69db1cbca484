"""
Have collateral sold that has to be converted.

Makers are asked to buy it, and the best of the quotes that they offer to the keeper is
relayed, for as much as the specification says that the clearinghouse will accept. Where
the order book bids more, it is sold there, to the best bids, before lower quotes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from keeper.chain.codec import checksum
from keeper.chain.interface import Block, Chain, Contract, Refused
from keeper.job import Call
from keeper.jobs.watch import Sight
from keeper.mirror_book import LEVEL
from keeper.offers import Offer, Offers, find_signer
from specs import conversion, quotes, spot_code
from specs import state as st
from specs.accounts import TRADE, USDC, AccountId, Address
from specs.authority import TRADE_VENUE
from specs.errors import Revert
from specs.fixed_point import WAD, Seconds, Wad, mul_div_down
from specs.instruments import get_code
from specs.listings import MAX_VISITS
from specs.packing import unpack
from specs.quote_desk import PAUSE
from specs.quotes import SPOT, Quote, TwoSided
from specs.state import State

INTERVAL: Final = 10  # seconds
MOST: Final = 20
"""Accounts in one round, those with the most to sell first."""
PER_ACCOUNT: Final = 4
"""Quotes that are relayed for one account in one round."""


@dataclass(frozen=True)
class Bid:
    """What rests on the book at the best price at which an asset can be sold."""

    price: Wad
    lots: int
    lot: Wad
    """Amount in a lot, WAD."""


@dataclass(frozen=True)
class Snapshot:
    """Who is to be converted, and what is offered for it."""

    now: Seconds
    state: State
    due: Mapping[AccountId, tuple[int, Wad]] = field(default_factory=dict)
    """Which asset, and how much at most, as the clearinghouse itself says."""
    requested: Mapping[AccountId, Seconds] = field(default_factory=dict)
    """When makers were last asked."""
    offers: Sequence[Offer] = ()
    """Those that are signed, in time and unused."""
    bands: Mapping[int, tuple[Wad, Wad]] = field(default_factory=dict)
    """Of each asset that is due and has a price."""
    bids: Mapping[int, Bid] = field(default_factory=dict)
    """The book's, of each asset that is due and somebody bids for there."""


@dataclass(frozen=True)
class Convert:
    """Send ``request_conversion`` and ``convert`` for whom anyone may convert."""

    watch: Sight
    desk: Contract
    book: Contract
    oracle: Contract
    offers: Offers
    most: int = MOST
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="convert", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read every account, and ask the clearinghouse about those that seem due."""
        seen = self.watch.read(chain, block)
        now, home, desk = seen.now, self.watch.clearinghouse, self.desk
        due = {
            account: found
            for account in find_due(seen.state, now)[: self.most]
            if (found := tuple(chain.call(home, "conversion_of", account)))[1]
        }
        return Snapshot(
            now=now,
            state=seen.state,
            due=due,
            requested={
                account: chain.call(desk, "conversion_requested", account)
                for account in due
            },
            offers=self._good(chain, now) if due else (),
            bands=self._bands(chain, {asset for asset, _ in due.values()}),
            bids=self._bids(chain, {asset for asset, _ in due.values()}),
        )

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """
        Ask makers, and sell to the best offers and bids; each offer is used once, and
        what the book bids at less than its best price is left to the next round.
        """
        now, state = snapshot.now, snapshot.state
        venue = Address(int(self.desk.address, 16))
        state = replace(state, venues={**state.venues, venue: TRADE_VENUE})
        calls: list[Call] = []
        used: set[tuple[AccountId, int]] = set()
        bids = dict(snapshot.bids)
        for account, (asset, most) in snapshot.due.items():
            if now >= snapshot.requested.get(account, 0) + PAUSE:
                because = f"up to {most} wei of asset {asset} are to be sold"
                calls.append(Call(self.desk, "request_conversion", (account,), because))
            low, high = snapshot.bands.get(asset, (1, 0))
            bid, relayed = bids.get(asset), 0
            if bid and not low <= bid.price <= high:
                bid = None
            # Without a quote in the end, for the bid if it is the best.
            for offer in (*rank(snapshot.offers, asset), None):
                if bid and (offer is None or get_bid(offer).price < bid.price):
                    state, lots = sell_on_book(state, asset, account, bid, now)
                    if lots > 0:
                        calls.append(self._sell(asset, account, lots, bid.price))
                        bids[asset] = replace(bid, lots=bid.lots - lots)
                        break
                    bid = None
                if offer is None:
                    break
                side = get_bid(offer)
                key = side.account, side.nonce
                if key in used or not low <= side.price <= high:
                    continue
                amount = compute_amount(state, venue, side, account, now)
                if amount == 0:
                    continue
                state = sell(state, venue, side, account, amount, now)
                used.add(key)
                calls.append(self._relay(offer, account, amount))
                relayed += 1
                if relayed == PER_ACCOUNT:
                    break
        return calls

    def _relay(self, offer: Offer, account: AccountId, amount: Wad) -> Call:
        is_two_sided = isinstance(offer.quote, TwoSided)
        method = "convert_two_sided" if is_two_sided else "convert"
        because = f"{amount} wei of collateral are sold at {get_bid(offer).price}"
        return Call(self.desk, method, (*offer.words, account, amount), because)

    def _sell(self, asset: int, account: AccountId, lots: int, price: Wad) -> Call:
        because = f"{lots} lots of collateral are sold at {price} on the book"
        words = account, SPOT + asset, lots, MAX_VISITS
        return Call(self.book, "convert", words, because)

    def _bids(self, chain: Chain, assets: set[int]) -> Mapping[int, Bid]:
        found = {}
        for asset in assets:
            instrument = SPOT + asset
            price, _, _ = chain.call(self.book, "top", instrument)
            if price > 0:
                tick, exponent, *_ = chain.call(self.book, "listing", instrument)
                place = get_code(instrument), price // tick
                level = chain.call(self.book, "level_word", *place)
                found[asset] = Bid(
                    price, unpack(level, LEVEL)["lots"], Wad(10**exponent)
                )
        return found

    def _good(self, chain: Chain, now: Seconds) -> Sequence[Offer]:
        """
        Return the offers that are in time, unused, and signed by a key that may trade:
        a quote that only a wallet vouches for is left to others.
        """
        domain = quotes.compute_domain(chain.chain_id, self.desk.address)
        good = []
        for offer in self.offers.offered():
            account, nonce = offer.quote.account, offer.quote.nonce
            signer = find_signer(domain, offer)
            if offer.quote.expiry < now or signer is None:
                continue
            word = chain.call(self.desk, "nonce_words", account, nonce >> 8)
            right = account, checksum(f"0x{signer:040x}"), TRADE
            home = self.watch.clearinghouse
            if not word >> (nonce & 255) & 1 and chain.call(
                home, "is_authorised", *right
            ):
                good.append(offer)
        return good

    def _bands(self, chain: Chain, assets: set[int]) -> Mapping[int, tuple[Wad, Wad]]:
        found = {}
        for asset in assets:
            try:
                found[asset] = tuple(chain.call(self.oracle, "spot_band", asset))
            except Refused:
                continue
        return found


def find_due(state: State, now: Seconds) -> Sequence[AccountId]:
    """Return whose collateral is to be converted, the largest sales first."""
    state = st.accrue(state, USDC, now)
    worth: dict[AccountId, int] = {}
    for account in state.accounts:
        if conversion.compute_net_debt(state, account, now) == 0:
            continue
        asset, most = conversion.find(state, account, now)
        if most != 0:
            price = st.get_quote(state, asset).slow
            worth[account] = mul_div_down(most, price, WAD)
    return sorted(worth, key=lambda account: (-worth[account], account))


def get_bid(offer: Offer) -> Quote:
    """Return the quote by which an offer buys."""
    if isinstance(offer.quote, TwoSided):
        return quotes.get_side(offer.quote, is_buy=True)
    return offer.quote


def rank(offers: Sequence[Offer], asset: int) -> Sequence[Offer]:
    """Return the offers to buy an asset that answer no request, the highest first."""
    suitable = []
    for offer in offers:
        if isinstance(offer.quote, TwoSided) and offer.quote.request != 0:
            continue
        try:
            side = get_bid(offer)
        except Revert:
            continue
        if side.is_buy and side.instrument == SPOT + asset:
            suitable.append(offer)
    return sorted(
        suitable,
        key=lambda offer: (
            -get_bid(offer).price,
            offer.quote.account,
            offer.quote.nonce,
        ),
    )


def compute_amount(
    state: State, venue: Address, bid: Quote, account: AccountId, now: Seconds
) -> Wad:
    """
    Return the most that can be sold to a bid now; 0 if nothing can.

    Whether an amount is accepted is for the specification to say; from the bid's least
    size on what is refused as too much stays so.
    """
    least = max(1, bid.min_size)
    most = min(bid.size, st.get_held(state, account, bid.instrument - SPOT))

    def take(amount: int) -> State:
        return sell(state, venue, bid, account, Wad(amount), now)

    # What is below the least size is accepted by nobody, and so is found to be 0.
    found = find_most(least - 1, most, take)
    return Wad(found) if found >= least else Wad(0)


def sell_on_book(
    state: State, asset: int, account: AccountId, bid: Bid, now: Seconds
) -> tuple[State, int]:
    """
    Return the state after as much as can be sold to a bid on the book, as far as it is
    the account's, and the lots of it; 0 if there are none.
    """
    state = st.accrue(st.accrue(state, asset, now), USDC, now)
    reference = conversion.compute_reference(st.get_quote(state, asset))
    is_discounted = bid.price < reference
    if bid.price < conversion.compute_least_price(
        reference
    ) or not conversion.is_convertible(state, account, is_discounted, now):
        return state, 0

    def after(lots: int) -> State:
        amount = Wad(lots * bid.lot)
        proceeds = Wad(mul_div_down(amount, bid.price, WAD))
        sold = st.debit(state, account, asset, amount)
        sold = st.pay_debt(sold, account, USDC, proceeds)
        spot_code.require_conversion(
            state, sold, account, amount, bid.price, is_discounted, now
        )
        return sold

    most = min(bid.lots, st.get_held(state, account, asset) // bid.lot)
    lots = find_most(0, most, after)
    return (after(lots), lots) if lots > 0 else (state, 0)


def find_most(least: int, most: int, sell: Callable[[int], object]) -> int:
    """
    Return the largest amount up to ``most`` whose sale is not refused, or ``least``;
    what is refused as too much stays so.
    """
    while least < most:
        middle = (least + most + 1) // 2
        try:
            sell(middle)
        except Revert:
            most = middle - 1
        else:
            least = middle
    return least


def sell(
    state: State,
    venue: Address,
    bid: Quote,
    account: AccountId,
    amount: Wad,
    now: Seconds,
) -> State:
    """Return the state after a sale at the desk; raise `Revert` if it is refused."""
    quotes.convert(bid, account, amount, now)
    asset = bid.instrument - SPOT
    return spot_code.convert(
        state, now, venue, asset, account, bid.account, amount, bid.price
    )
