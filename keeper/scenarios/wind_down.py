"""
The wind-down: a market closed by everybody, and a vault that everybody leaves.

Positions close in no particular order while the price goes on moving, with a fund that
pays nobody ahead of losers, so that some gains stay claims for a while. In the end
every claim is paid, the fund holds dust, nothing earns or owes interest any more, and
there is cash for every lend: all leave, and what stays behind is counted in wei.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from keeper.chain.interface import LocalChain
from keeper.parameters import ASSETS, AssetListing
from keeper.prices import START_PRICES
from keeper.scenarios.outcome import Chart, Outcome, Table, usdc
from keeper.scenarios.scene import DAY, HOUR, Scene, to_lots, to_tokens
from keeper.scenarios.show import Progress
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import BACKSTOP_FUND, USDC, AccountId
from specs.fixed_point import RAY, WAD, mul_div_down
from specs.money_market import compute_lent
from specs.state import State

TITLE: Final = "A market wound down, and a vault emptied"
BTC, PERP = 1, 0
LONGS: Final = ("Ada", "Bea", "Cleo")
SHORTS: Final = ("Xan", "Yuri", "Zoe")
TRADERS: Final = (*LONGS, *SHORTS)
COINS: Final = 6
NON_EMPTY_WORDS: Final = 256
"""Under this number the tick map keeps which of its words have a tick."""


@dataclass
class Log:
    """The market while it closes."""

    times: list[int] = field(default_factory=list)
    open_interest: list[float] = field(default_factory=list)
    claims: list[float] = field(default_factory=list)
    most: int = 0
    """The largest sum of unpaid claims, WAD USDC."""

    def add(self, scene: Scene) -> None:
        """Note the present state."""
        state = scene.state
        listed = state.markets[PERP]
        unpaid = get_claims(state)
        self.most = max(self.most, unpaid)
        self.times.append(scene.now)
        self.open_interest.append(listed.open_interest * listed.lot / WAD)
        self.claims.append(unpaid / WAD)


def play(chain: LocalChain, progress: Progress, seed: int = 0) -> Outcome:
    """Open, move, close in an order that the seed decides, and leave."""
    scene, random, log = (
        Scene(chain, (*TRADERS, "lender", "borrower")),
        Random(seed),
        Log(),
    )
    scene.tick(HOUR)
    furnish(scene)
    fills = open_all(scene, random)
    move(scene, random, log)
    fills += close_all(scene, random, log, progress)
    pay_claims(scene, log)
    figures = {
        "fills": fills,
        "claims at most": log.most,
        "claims at the end": get_claims(scene.state),
    } | inspect(scene)
    leave(scene)
    rows = [count(scene, asset) for asset in ASSETS]
    for row, asset in zip(rows, ASSETS, strict=True):
        figures |= {
            f"{name}, {asset.symbol}, wei": value for name, value in row.items()
        }
    return Outcome(
        title=TITLE,
        findings=tell(figures),
        tables=[compare(rows)],
        charts=[
            Chart("Open interest, BTC", log.times, {"of each side": log.open_interest}),
            Chart("Unpaid claims, USDC", log.times, {"all": log.claims}),
        ],
        checked=scene.checked,
        figures=figures,
    )


def get_claims(state: State) -> int:
    """Return what closed positions are still owed by the fund, WAD USDC."""
    return sum(
        -position.basis
        for account in state.accounts.values()
        for position in account.positions.values()
        if position.lots == 0
    )


def furnish(scene: Scene) -> None:
    """Have everybody deposit; some are realised by the keeper, some lend nothing."""
    scene.lift_guards()
    scene.govern("set_fund_cap", PERP, 0)
    scene.deposit("lender", "USDC", 400_000)
    scene.deposit("borrower", "ETH", 300)
    scene.take("borrower", "borrow", "USDC", to_tokens("USDC", 250_000))
    for number, name in enumerate(TRADERS):
        if number % 3 == 1:
            scene.choose(name, auto_realize=True)
        if number % 3 == 2:
            scene.choose(name, auto_lend=False)
        symbol, amount = (("USDC", 60_000), ("BTC", 4))[number % 2]
        scene.deposit(name, symbol, amount)


def open_all(scene: Scene, random: Random) -> int:
    """Have every long trade with every short, at three prices; return the fills."""
    for buyer in LONGS:
        scene.tick(HOUR, {"BTC": START_PRICES["BTC"] + random.randint(-300, 300) * WAD})
        for seller in SHORTS:
            lots = to_lots(PERP, COINS) // len(SHORTS)
            scene.trade(PERP, scene.account(buyer), scene.account(seller), lots)
    return len(LONGS) * len(SHORTS)


def move(scene: Scene, random: Random, log: Log) -> None:
    """Let three days pass, with funding."""
    for _ in range(18):
        price = scene.prices["BTC"] * (1_000_000 + random.randint(-13_000, 9_000))
        scene.tick(4 * HOUR, {"BTC": price // 10**6}, random.randint(-800, 1_200))
        log.add(scene)


def close_all(scene: Scene, random: Random, log: Log, progress: Progress) -> int:
    """Have a long and a short close with one another until nobody has either."""
    fills = 0
    total = to_lots(PERP, COINS) * len(LONGS)
    while True:
        longs = find(scene, LONGS)
        shorts = find(scene, SHORTS)
        progress(total - sum(longs.values()), total)
        if not longs:
            assert not shorts
            return fills
        buyer, seller = random.choice(sorted(shorts)), random.choice(sorted(longs))
        most = min(-shorts[buyer], longs[seller])
        # The first to leave takes all at once, when no loser has paid anything yet.
        is_whole = fills == 0 or random.random() < 0.2
        part = most if is_whole else random.randint(1, most)
        scene.trade(PERP, scene.account(buyer), scene.account(seller), part)
        fills += 1
        price = scene.prices["BTC"] * (10**6 + random.randint(-6_000, 6_000)) // 10**6
        log.add(scene)
        scene.tick(HOUR, {"BTC": price}, random.randint(-500, 500))


def find(scene: Scene, names: tuple[str, ...]) -> dict[str, int]:
    """Return who of these has a position, with its lots."""
    found = {}
    for name in names:
        held = ch.get_account(scene.state, scene.account(name))
        lots = acc.get_position(held, PERP).lots
        if lots:
            found[name] = int(lots)
    return found


def pay_claims(scene: Scene, log: Log) -> None:
    """Have the keeper settle everybody: with no losers left the fund owes nothing."""
    scene.realise(PERP, *(scene.account(name) for name in TRADERS))
    log.add(scene)


def inspect(scene: Scene) -> dict[str, int]:
    """Return what the contracts remember of the market."""
    listed, virtuals = scene.state.markets[PERP], ch.get_virtuals(scene.state, USDC)
    return {
        "open interest, lots": int(listed.open_interest),
        "fund, wei": listed.fund.balance,
        "dust bound, wei": scene.world.dust.get(PERP, 0),
        "winners, wei": virtuals.winners,
        "losers, wei": virtuals.losers,
        "word of W and V": scene.word("virtuals"),
        "word of winners": scene.word("market_winners", PERP),
        "word of sizes": scene.word("market_size", PERP),
        "word of ticks": scene.word("tick_map", PERP, NON_EMPTY_WORDS),
    }


def leave(scene: Scene) -> None:
    """Have everybody repay and take out everything, the reserve last."""
    scene.tick(DAY)
    names = (*TRADERS, "lender", "borrower")
    for name in names:
        account = scene.account(name)
        owed = ch.get_owed(scene.state, account, USDC, scene.now)
        if owed:
            tokens = owed // 10**12 + 1
            scene.mint(name, "USDC", tokens)
            scene.send(name, "repay", account, USDC, tokens)
    for name in names:
        account = scene.account(name)
        for asset in ASSETS:
            if ch.get_held(scene.state, account, asset.number) >= unit(asset):
                scene.take(name, "withdraw", asset.symbol, ch.EVERYTHING)
    pool = scene.state.assets[USDC].pool
    reserve = mul_div_down(pool.reserve, pool.lend_index, RAY) // unit(ASSETS[USDC])
    if reserve:
        scene.govern("withdraw_reserve", USDC, reserve, scene.wallets["lender"].address)


def unit(asset: AssetListing) -> int:
    """Return one token unit in WAD."""
    return int(10 ** (18 - asset.decimals))


def count(scene: Scene, asset: AssetListing) -> dict[str, int]:
    """Return what is left of a pool, and whose it is, in wei."""
    state, number = scene.state, asset.number
    pool = state.assets[number].pool

    def lent(account: AccountId) -> int:
        balance = acc.get_balance(ch.get_account(state, account), number)
        return balance.idle + compute_lent(balance, pool.lend_index)

    people = sum(lent(a) for a in state.accounts if a != BACKSTOP_FUND)
    reserve = mul_div_down(pool.reserve, pool.lend_index, RAY)
    fund = lent(BACKSTOP_FUND)
    surplus = ch.get_surplus(state, number)
    left = pool.cash + pool.idle
    return {
        "left": left,
        "backstop fund": fund,
        "accounts": people,
        "reserve": reserve,
        "liquidity fund": int(surplus),
        "nobody's": left - fund - people - reserve - surplus,
    }


def tell(figures: dict[str, int]) -> list[str]:
    """Return the point in sentences."""
    return [
        f"After {figures['fills']} fills open interest is "
        f"{figures['open interest, lots']}; up to {usdc(figures['claims at most'])} "
        f"USDC of claims were unpaid on the way, {figures['claims at the end']} are.",
        f"The fund holds {figures['fund, wei']} wei, by rounding at most "
        f"{figures['dust bound, wei']}; W and V are {figures['winners, wei']} and "
        f"{figures['losers, wei']}, and no tick is left.",
        "Everybody has withdrawn everything; beside the backstop fund "
        f"{figures['accounts, USDC, wei']} wei of USDC are left that are somebody's, "
        f"less than a token unit each, and {figures[NOBODYS]} that are nobody's.",
    ]


NOBODYS: Final = "nobody's, USDC, wei"


def compare(rows: list[dict[str, int]]) -> Table:
    """Return what is left in each pool."""
    cells = [(name, *(f"{row[name]:,}" for row in rows)) for name in rows[0]]
    symbols = (asset.symbol for asset in ASSETS)
    return Table("Left in the vault, wei", ("", *symbols), cells)
