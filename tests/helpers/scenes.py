"""Where examples begin: round numbers, and nothing that random walks ask for."""

from specs.accounts import USDC
from specs.fixed_point import WAD
from tests.helpers.worlds import (
    BTC,
    ETH,
    PRICES,
    PROVIDERS,
    bear,
    bull,
    hedger,
    lender,
    own,
    pledge,
    publish,
    trade,
)

# A lender, a borrower, half a BTC long against 10 ETH short, and two providers.
AT_WORK = [
    *publish(PRICES),
    *(
        action
        for provider in PROVIDERS
        for action in (
            own("deposit", provider, USDC, 300_000 * 10**6),
            own("bind", provider),
            pledge(provider, 40_000 * WAD, 100_000 * WAD),
        )
    ),
    own("deposit", lender, USDC, 50_000 * 10**6),
    own("deposit", hedger, ETH, 20 * 10**18),
    own("deposit", bull, BTC, 10**8),
    own("deposit", bear, USDC, 30_000 * 10**6),
    own("borrow", hedger, USDC, 5_000 * 10**6),
    trade(0, bull, bear, 5_000, PRICES[BTC]),
    trade(1, bear, bull, 10_000, PRICES[ETH]),
]

# The bull owes USDC beside its long, so that a fall makes it liquidatable.
OWING = [*AT_WORK, own("borrow", bull, USDC, 20_000 * 10**6)]

# All of the lender's USDC lent to the hedger.
LENT_OUT = [
    *publish(PRICES),
    own("deposit", lender, USDC, 10_000 * 10**6),
    own("deposit", hedger, ETH, 20 * 10**18),
    own("borrow", hedger, USDC, 10_000 * 10**6),
]
