"""
The protocol on a local chain, with the people and the prices of one scenario.

A scenario says who there is, what everything costs and what everybody does. After each
transaction storage is read back and every invariant of `specs.invariants` is asked; a
scenario during which one does not hold stops there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, replace
from decimal import Decimal
from typing import Any, Final

from keeper.chain.interface import Block, Contract, LocalChain, Receipt, Refused
from keeper.deployment import deploy
from keeper.discovery import Given
from keeper.errors import Halt
from keeper.job import Job
from keeper.jobs.watch import Watch
from keeper.mirror import reader_of
from keeper.parameters import ASSETS, MARKETS, PUBLISHERS, THRESHOLD, find_asset
from keeper.prices import START_PRICES
from keeper.replay.checker import Checker
from keeper.replay.engine import unlock
from keeper.replay.observer import Observer
from keeper.replay.stage import ANSWERED, as_action
from keeper.replay.wallets import Wallet
from keeper.runner import Outcome, Runner
from keeper.scenarios.statement import Statement
from keeper.signing import local_account, sign_digest
from specs import clearinghouse as ch
from specs import liquidator
from specs.accounts import (
    BACKSTOP_FUND,
    DEFAULT,
    USDC,
    AccountId,
    Address,
    Settings,
)
from specs.binding import NOTICE
from specs.book_basis import MAX_HOLD
from specs.errors import Revert
from specs.fixed_point import PPM, WAD, Lots, Seconds, Wad
from specs.listings import Placement
from specs.margin import PRICE_UNIT
from specs.outage import MAX_GAP
from specs.price_oracle import Report, compute_report_digest
from specs.quotes import SPOT, Quote, compute_domain
from specs.state import State
from specs.world import Action, World, take

START: Final = 1_700_000_000
HOUR: Final = 3_600
DAY: Final = 86_400
CROSSINGS: Final = 200
"""Entry ticks that a market's price for interest may cross in one tick."""

LEAD_UP: Final = 600
"""Seconds before a late tick in which prices are reported every minute."""

FOREVER: Final = 2**255
ASIDE: Final = frozenset(("mint", "approve", "observe"))
"""What touches nothing that an invariant speaks about."""

Listener = Callable[[State, State, Receipt], None]
"""Is told of every transaction: the state before, the state after, the receipt."""


class Scene:
    """A deployment with wallets, each with as many numbered accounts."""

    def __init__(
        self, chain: LocalChain, names: Iterable[str], accounts: int = 1
    ) -> None:
        """Deploy everything on an empty chain; everybody lets the vault take tokens."""
        self.chain = chain
        self.wallets = {name: Wallet(name) for name in names}
        self._publishers = [local_account(f"publisher {i}") for i in range(PUBLISHERS)]
        self._governor, self._keeper, self._book = (
            Wallet(name) for name in ("governor", "keeper", "book")
        )
        ours = (self._governor, self._keeper, self._book, *self.wallets.values())
        for wallet in ours:
            unlock(chain, wallet.signer)
        addresses = [key.address for key in self._publishers]
        self.deployment = deploy(
            chain, self._governor.address, addresses, book=self._book.address
        )
        known = [w.account(n) for w in self.wallets.values() for n in range(accounts)]
        self._known = [*known, self._keeper.account(), BACKSTOP_FUND]
        self._observer = Observer(chain, self.deployment, self._known)
        self.checker = Checker()
        self.world: World = self._observer.read(self.now)
        self.prices: dict[str, int] = dict(START_PRICES)
        self.premium = 0
        """Of the books' mids over the slow prices, ppm."""
        self.statements: dict[AccountId, Statement] = {}
        self.listeners: list[Listener] = []
        self._nonce = 0
        desk = self.deployment.quote_desk.address
        self._domain = compute_domain(chain.chain_id, desk)
        for wallet in self.wallets.values():
            for token in self.deployment.tokens.values():
                allowed = self.deployment.vault, FOREVER
                chain.send(wallet.address, token, "approve", *allowed)

    # What there is

    @property
    def now(self) -> Seconds:
        """Return the time of the open block."""
        return Seconds(self.chain.block().timestamp)

    @property
    def state(self) -> State:
        """Return what the clearinghouse remembers."""
        return self.world.clearing

    @property
    def checked(self) -> int:
        """Return how often an invariant was asked."""
        return sum(tally.checked for tally in self.checker.tally.values())

    def account(self, name: str, number: int = 0) -> AccountId:
        """Return one of somebody's accounts."""
        return self.wallets[name].account(number)

    def word(self, name: str, *keys: int) -> int:
        """Return a word of what the clearinghouse remembers."""
        vault = self.deployment.vault
        return reader_of(self.chain, "Clearinghouse", vault).word(name, *keys)

    def follow(self, *accounts: AccountId) -> list[Statement]:
        """Keep a statement of each account from now on, and return them."""
        opened = [Statement(account) for account in accounts]
        self.statements.update({each.account: each for each in opened})
        return opened

    # What people do

    def send(self, name: str, method: str, *arguments: Any) -> Receipt:
        """Have somebody call the clearinghouse."""
        sender = self.wallets[name].address
        return self._send(sender, "clearinghouse", method, *arguments)

    def refusal(self, name: str, method: str, *arguments: Any) -> str | None:
        """Have somebody call the clearinghouse; return why it was refused, if so."""
        try:
            self.send(name, method, *arguments)
        except Refused as refused:
            return refused.reason
        return None

    def govern(self, method: str, *arguments: Any) -> None:
        """Have the governor set something."""
        self._send(self._governor.address, "clearinghouse", method, *arguments)

    def lift_guards(self) -> None:
        """Let what is there leave at any pace, where that is not the point."""
        for asset in ASSETS:
            self.govern("set_guards", asset.number, 10_000, 10_000, 10_000, 0, 0)

    def deposit(
        self, name: str, symbol: str, amount: int | Decimal, number: int = 0
    ) -> None:
        """Mint whole tokens for somebody who deposits them."""
        tokens = to_tokens(symbol, amount)
        self.mint(name, symbol, tokens)
        account = self.account(name, number)
        self.send(name, "deposit", account, find_asset(symbol).number, tokens)

    def mint(self, name: str, symbol: str, tokens: int) -> None:
        """Give somebody token units."""
        sender = self.wallets[name].address
        self._send(sender, f"token:{symbol}", "mint", sender, tokens)

    def take(self, name: str, method: str, symbol: str, tokens: int) -> None:
        """Have somebody withdraw or borrow token units from the first account."""
        receiver = self.wallets[name].address
        asset = find_asset(symbol).number
        self.send(name, method, self.account(name), asset, tokens, receiver)

    def most(self, name: str, method: str, symbol: str, highest: int) -> int:
        """
        Return how many token units somebody may withdraw or borrow at most, found by
        halving: what the contract refuses beyond, it refuses further beyond too.
        """
        low, high = 0, highest + 1
        while high - low > 1:
            tokens = (low + high) // 2
            allowed = self.is_allowed(name, method, symbol, tokens)
            low, high = (tokens, high) if allowed else (low, tokens)
        return low

    def is_allowed(self, name: str, method: str, symbol: str, tokens: int) -> bool:
        """Return whether the specification lets somebody take so many token units."""
        caller = Address(int(self.wallets[name].address, 16))
        call = getattr(ch, method)
        asset = find_asset(symbol).number
        try:
            call(self.state, self.now, caller, self.account(name), asset, tokens)
        except Revert:
            return False
        return True

    def choose(self, name: str, number: int = 0, **choices: bool) -> None:
        """Have somebody choose an account's settings, else the usual ones."""
        settings = Settings(**{**vars(DEFAULT), **choices})
        self.send(name, "set_settings", self.account(name, number), astuple(settings))

    def pledge(self, name: str, per_hour: int) -> None:
        """Have somebody stand ready to take over so many whole USDC in an hour."""
        sender, account = self.wallets[name].address, self.account(name)
        self.send(name, "bind", account)
        pledged = 4 * (per_hour * WAD,)
        self._send(sender, "liquidator", "pledge", account, *pledged)

    def unpledge(self, name: str) -> None:
        """Have somebody give notice, and take over nothing once it is over."""
        sender, account = self.wallets[name].address, self.account(name)
        self.send(name, "give_notice", account)
        self.tick(NOTICE)
        self._send(sender, "liquidator", "unpledge", account)

    def trade(
        self,
        instrument: int,
        buyer: AccountId,
        seller: AccountId,
        size: int,
        price: int | None = None,
    ) -> None:
        """
        Have two accounts trade at the mark, or at a price: the seller signs a quote,
        the buyer takes it.
        """
        self._nonce += 1
        quote = Quote(
            account=seller,
            instrument=instrument,
            is_buy=False,
            size=size,
            min_size=1,
            price=Wad(self.price_of(instrument) if price is None else price),
            nonce=self._nonce,
            expiry=Seconds(self.now + 30),
            counterparty=buyer,
        )
        owners = {int(w.address, 16): w for w in self.wallets.values()}
        signed = owners[seller >> 96].sign(self._domain, quote)
        taker = owners[buyer >> 96].address
        self._send(taker, "quote_desk", "take", astuple(quote), signed, buyer, size)

    def place(
        self, name: str, instrument: int, lots: int, price: int, *, is_buy: bool
    ) -> None:
        """Have somebody place a limit order, at the tick below a price."""
        tick = self.world.book.books[instrument].listing.tick
        placement = Placement(
            self.account(name),
            instrument,
            is_buy,
            Lots(lots),
            Wad(price - price % tick),
        )
        sender = self.wallets[name].address
        self._send(sender, "order_book", "place", astuple(placement), 1)

    def price_of(self, instrument: int) -> int:
        """Return the slow price of a spot asset, the mark of a market."""
        if instrument >= SPOT:
            return self.state.assets[instrument - SPOT].quote.slow
        return self.state.markets[instrument].quote.slow

    # What the keeper does

    def tick(
        self, seconds: int, prices: Mapping[str, int] | None = None, premium: int = 0
    ) -> None:
        """
        Open a block so many seconds later, publish, and take the prices over.

        ``premium`` (ppm over the slow price) is what the books' mids show from now on,
        so that marks and funding follow with the next tick. Publishers and books are at
        it all the time, of which the last minutes are told: prices of a market that
        was not heard of for longer would have to wait.
        """
        if seconds > MAX_GAP:
            self._lead_up(self.now + seconds)
        self.prices |= prices or {}
        self.premium = premium
        self.wait(seconds)
        self._work("oracle", "publish", *self._report())
        self._show_mids()
        assets = [asset.number for asset in ASSETS if asset.number != USDC]
        markets = [market.number for market in MARKETS]
        self._work("clearinghouse", "tick", assets, markets, CROSSINGS)

    def _lead_up(self, end: int) -> None:
        """Have the last prices and mids reported again until then."""
        for time in range(end - LEAD_UP, end, MAX_GAP):
            if time > self.now:
                self.chain.advance_to(time)
                oracle, relay = self.deployment.oracle, self._keeper.address
                self.chain.send(relay, oracle, "publish", *self._report())
                if (end - time) % MAX_HOLD == 0:
                    self._show_mids()

    def _show_mids(self) -> None:
        """Have the book say how far its mids are above the slow prices."""
        for market in MARKETS:
            slow = self._call("oracle", "feed", market.underlying)[0]
            words = market.number, slow * (PPM + self.premium) // PPM, FOREVER
            self._send(self._book.address, "oracle", "observe", *words)

    def wait(self, seconds: int) -> None:
        """Open a block so many seconds later, at the prices that there are."""
        self.checker.check_state(self.world)
        self._require_invariants()
        before = self.world
        self.chain.advance_to(before.now + seconds)
        waited = Action("wait", Address(0), (self.now - before.now,))
        after = replace(before, now=self.now)
        self.world = self.checker.check_step(before, after, waited)
        self._require_invariants()

    @property
    def keeper(self) -> AccountId:
        """Return the keeper's account."""
        return self._keeper.account()

    @property
    def watch(self) -> Watch:
        """Return how the keeper's jobs read everybody's accounts."""
        return Watch(
            self.deployment.clearinghouse,
            [asset.number for asset in ASSETS],
            [market.number for market in MARKETS],
            Given(self._known),
        )

    def work(self, job: Job[Any]) -> list[Outcome]:
        """Have the keeper work a round of a job."""
        return list(Runner(Watched(self), [job], self._keeper.address).work(job))

    def realise(self, market: int, *accounts: AccountId) -> None:
        """Have the keeper settle positions of who may be realised by anyone."""
        self._work("clearinghouse", "realise", market, list(accounts))

    def liquidate(self, account: AccountId) -> Receipt | None:
        """Have the keeper liquidate an account if it is due, and return the receipt."""
        if not liquidator.can_liquidate(
            self.state, self.world.liquidator, account, self.now
        ):
            return None
        try:
            return self._work("liquidator", "liquidate", account)
        except Refused:
            # Nobody could take anything: the providers' own margin, or prices.
            return None

    def _work(self, contract: str, method: str, *arguments: Any) -> Receipt:
        return self._send(self._keeper.address, contract, method, *arguments)

    def _report(self) -> tuple[list[tuple[Any, ...]], list[bytes]]:
        """Return reports of the prices, and the publishers' signatures of them."""
        numbers = tuple(find_asset(symbol).number for symbol in self.prices)
        grains = tuple(
            Wad(price - price % PRICE_UNIT) for price in self.prices.values()
        )
        report = Report(self.now, numbers, grains)
        digest = compute_report_digest(
            self.chain.chain_id, self.deployment.oracle.address, report
        )
        signers = self._publishers[:THRESHOLD]
        signatures = [sign_digest(key, digest) for key in signers]
        return [astuple(report)] * THRESHOLD, signatures

    # What is checked

    def _call(self, contract: str, method: str, *arguments: Any) -> Any:
        return self.chain.call(self.deployment.find(contract), method, *arguments)

    def _send(
        self, sender: str, contract: str, method: str, *arguments: Any
    ) -> Receipt:
        return self.transact(sender, self.deployment.find(contract), method, *arguments)

    def transact(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Send a transaction, check what it did, and tell whoever follows."""
        receipt = self.chain.send(sender, contract, method, *arguments)
        if method in ASIDE:
            return receipt
        before = self.world
        action = as_action(self.deployment, sender, method, arguments)
        after = self._observer.read(self.now)
        if action.name in ANSWERED:
            # What the contracts told is what the specification tells of the same.
            after = replace(after, answer=take(before, action).answer)
        self.world = self.checker.check_step(before, after, action)
        self._require_invariants()
        for statement in self.statements.values():
            statement.add(before.clearing, after.clearing, receipt, self.now)
        for listen in self.listeners:
            listen(before.clearing, after.clearing, receipt)
        return receipt

    def _require_invariants(self) -> None:
        code = self.checker.first_violated
        if code is not None:
            raise Halt(f"invariant {code} does not hold at {self.now}")


class Watched:
    """A scene's chain as the keeper's jobs see it: what they send is checked."""

    def __init__(self, scene: Scene) -> None:
        """Stand before the chain of a scene."""
        self._scene, self.chain = scene, scene.chain

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        return self.chain.chain_id

    def block(self) -> Block:
        """Return the open block."""
        return self.chain.block()

    def at(self, name: str, address: str) -> Contract:
        """Return the contract `name` at `address`."""
        return self.chain.at(name, address)

    def call(
        self, contract: Contract, method: str, *arguments: Any, block: int | None = None
    ) -> Any:
        """Return what a function says in the open block."""
        return self.chain.call(contract, method, *arguments, block=block)

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Send a transaction as part of the scene."""
        return self._scene.transact(sender, contract, method, *arguments)

    def deploy(self, sender: str, name: str, *arguments: Any) -> Contract:
        """Deploy a contract, unwatched."""
        return self.chain.deploy(sender, name, *arguments)

    def storage(self, address: str, slot: int) -> int:
        """Return one word of storage."""
        return self.chain.storage(address, slot)

    def code(self, address: str) -> bytes:
        """Return the code at `address`."""
        return self.chain.code(address)


def to_tokens(symbol: str, amount: int | Decimal) -> int:
    """Return whole tokens in token units; they must come out even."""
    tokens = Decimal(amount) * 10 ** find_asset(symbol).decimals
    assert tokens == int(tokens)
    return int(tokens)


def to_lots(market: int, amount: int | Decimal) -> int:
    """Return base units of a market's asset in lots; they must come out even."""
    lots = Decimal(amount) * WAD / 10 ** MARKETS[market].lot_exponent
    assert lots == int(lots)
    return int(lots)
