"""Accounts that nobody takes over, and the positions that they are closed against."""

from dataclasses import replace

from specs import bankruptcy, deleverage_code, liquidation_code
from specs import clearinghouse as ch
from specs.accounts import USDC
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers.deployers import address_of
from tests.helpers.protocol import calldata
from tests.helpers.worlds import (
    BTC,
    PRICES,
    STRANGER,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
    underwriter,
)

MARKET = 0
OTHER = 1
WAIT = Action("wait", STRANGER, (1,))
CALLER = STRANGER
"""Who opens takeovers by hand: a venue, once it is named one."""


def deposit(account, whole):
    """Return a deposit of whole USDC."""
    return own("deposit", account, USDC, whole * 10**6)


# A bull of ten thousand lots, and four bears, one of whose positions is another's.
CROWDED = [
    *publish(PRICES),
    deposit(bull, 1_500),
    *(deposit(each, 30_000) for each in (bear, hedger, backer, underwriter, lender)),
    trade(MARKET, bull, bear, 5_000, PRICES[BTC]),
    trade(MARKET, bull, hedger, 3_001, PRICES[BTC]),
    trade(MARKET, bull, backer, 1_999, PRICES[BTC]),
    trade(MARKET, lender, underwriter, 777, PRICES[BTC]),
]
VICTIMS = bear, hedger, backer, underwriter
SIZES = 5_000, 3_001, 1_999, 777


def fall(price, asset=BTC, premium=0):
    """Return the actions with which a new price may be liquidated at."""
    return [WAIT, *publish({asset: price * WAD}, premium=premium), WAIT]


NEARLY = fall(58_600)
"""A price at which a quarter of the bull's margin is left, or a little less."""

BROKE = fall(58_000)
"""A price at which the bull owes more than it has."""


def liquidate(account=bull):
    """Return a liquidation by anyone."""
    return Action("liquidate", STRANGER, (account,))


def realise(*accounts, market=MARKET, caller=STRANGER):
    """Return a realisation, which touches whoever is named."""
    return Action("realise", caller, (market, accounts))


def play_all(stage, actions):
    """Play actions one after the other."""
    for action in actions:
        stage.play(action)


def named(events, name):
    """Return what is told by the events of a name."""
    return [told for found, told in events if found == name]


def position_of(stage, account, market=MARKET):
    """Return an account's position, as the specification has it."""
    return ch.acc.get_position(ch.get_account(stage.world.clearing, account), market)


def lots_of(stage, account, market=MARKET):
    """Return an account's lots."""
    return position_of(stage, account, market).lots


def listed_of(stage, market=MARKET):
    """Return a market, as the specification has it."""
    return stage.world.clearing.markets[market]


class ByHand:
    """Calls of a venue within one transaction, of contracts and specification."""

    def __init__(self, stage, account=bull):
        """Open a takeover of `account`."""
        self.stage, self.account = stage, account
        made = stage.made
        self.home = made.contracts["Clearinghouse"].address
        if stage.world.clearing.venues.get(CALLER, 0) != ch.LIQUIDATION_VENUE:
            stage.play(Action("set_venue", stage.world.clearing.governor, (CALLER, 2)))
        self.clearing, self.terms = liquidation_code.open_takeover(
            stage.world.clearing, stage.world.now, account, False
        )
        self.send("open_takeover", account, False)

    def send(self, method, *arguments):
        """Call the Clearinghouse, in whatever transaction this is."""
        data = calldata("Clearinghouse", method, arguments)
        evm = self.stage.made.chain._evm
        return evm.message_call(address_of(CALLER), self.home, data)

    def deleverage(self, portion):
        """Close a portion of what is left against the other side; return its worth."""
        self.clearing, worth, self.terms = deleverage_code.deleverage(
            self.clearing, self.stage.world.now, self.account, self.terms, portion
        )
        answer = self.send("deleverage", portion)
        assert int.from_bytes(answer, "big") == worth
        return worth

    def close(self):
        """Close the takeover, and compare every word of storage."""
        self.clearing, deficit = bankruptcy.close_takeover(
            self.clearing, self.stage.world.now, self.account
        )
        self.send("close_takeover")
        self.stage.made.chain._evm.reset_transient_storage()
        self.stage.world = replace(self.stage.world, clearing=self.clearing)
        self.stage.compare()
        return deficit


def deleverage_in_parts(stage, portions, account=bull):
    """Deleverage an account in one takeover, one epoch for each portion."""
    by_hand = ByHand(stage, account)
    for portion in portions:
        by_hand.deleverage(portion)
    by_hand.close()
