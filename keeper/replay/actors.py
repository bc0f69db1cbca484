"""
Who trades in a replay.

An actor acts once at the beginning and once in every tick, by way of the client; it
knows the state as it stood when the keeper was done with the tick, and draws from a
generator of its own. It does nothing that the specification would refuse at that
state; what another actor did in the meantime may still be in the way, and ends what
the actor does in the tick.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from keeper.client.account import Account
from keeper.client.client import Client
from keeper.client.units import to_decimal
from keeper.parameters import AssetListing
from keeper.replay.wallets import Wallet
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import USDC, AccountId, Settings
from specs.clearinghouse import State
from specs.errors import Revert
from specs.fixed_point import WAD, Seconds
from specs.quotes import SPOT

NUMBERS: Final = 2**96
"""Accounts of one owner are numbered below this."""


@dataclass(frozen=True)
class View:
    """What actors know when it is their turn."""

    now: Seconds
    state: State
    client: Client
    bands: Mapping[int, tuple[int, int]]
    """The lowest and the highest price at which each instrument may be filled."""


class Owner(Protocol):
    """Somebody with an account."""

    @property
    def wallet(self) -> Wallet:
        """Return the actor's key."""
        ...

    @property
    def account(self) -> AccountId:
        """Return the account that the actor uses."""
        ...


class Actor(Owner, Protocol):
    """A participant with one role."""

    @property
    def role(self) -> str:
        """Return what the actor is, for the report."""
        ...

    settings: Settings
    """What the actor chooses for the account at first."""

    def begin(self, client: Client) -> None:
        """Do what comes before the first price."""
        ...

    def act(self, view: View) -> None:
        """Do what is to be done in this tick."""
        ...


def hold(client: Client, owner: Owner) -> Account:
    """Return somebody's account, to act with."""
    return client.account(owner.wallet.signer, owner.account % NUMBERS)


def top_up(account: Account, asset: AssetListing, tokens: int) -> None:
    """Mint so many token units and deposit them into an account."""
    amount = to_decimal(tokens, asset.decimals)
    account.mint(asset.symbol, amount)
    account.deposit(asset.symbol, amount)


def fund(account: Account, asset: AssetListing, tokens: int) -> None:
    """Do the same where the vault may not take the token yet."""
    account.approve(asset.symbol)
    top_up(account, asset, tokens)


def choose(account: Account, settings: Settings) -> None:
    """Choose all of an account's settings."""
    account.choose(**asdict(settings))


def get_settings(view: View, account: AccountId) -> Settings:
    """Return what an account has chosen."""
    return ch.get_account(view.state, account).settings


def is_allowed(view: View, wallet: Wallet, method: str, *arguments: Any) -> bool:
    """Return whether the specification would let the wallet do so now."""
    caller = acc.Address(int(wallet.address, 16))
    try:
        getattr(ch, method)(view.state, view.now, caller, *arguments)
    except Revert:
        return False
    return True


def get_index(state: State, instrument: int) -> int:
    """Return the slow price of a spot asset, or of what a market follows."""
    if instrument >= SPOT:
        return state.assets[instrument - SPOT].quote.slow
    return state.assets[state.markets[instrument].underlying].quote.slow


def get_price(state: State, instrument: int) -> int:
    """Return the mark of a market, the slow price of a spot asset."""
    if instrument >= SPOT:
        return state.assets[instrument - SPOT].quote.slow
    return state.markets[instrument].quote.slow


def get_price_of(view: View, asset: int) -> int:
    """Return the slow price of an asset; USDC's is 1."""
    return WAD if asset == USDC else get_price(view.state, SPOT + asset)
