"""
October 2022: two accounts of one attacker, a thin market, and everybody else's money.

The attacker trades with itself, pumps the price, and takes out whatever the venue lends
against a gain that nobody could ever pay. Here gains count as far as the market's fund
and its credit cap back them, a fund pays no more ahead of losers than its cap, a market
is no larger than its limit, and no more than a share of an asset leaves in a day; the
same attack is played with all of that turned off.

Who pays is shown too. The losing side is taken over by providers as far as they have
room, and what they leave is closed against all positions of the other side, which are
the attacker's: so lenders lose nothing, whether providers are too small or the pace is
one that liquidation can't follow. Without limits it is the provider who loses, for what
it takes over the attacker can still move.
"""

from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import LocalChain, Refused
from keeper.prices import START_PRICES
from keeper.scenarios.outcome import Chart, Outcome, Table, usdc
from keeper.scenarios.scene import DAY, Scene, to_lots
from keeper.scenarios.show import Progress
from keeper.scenarios.statement import worth
from specs.accounts import BACKSTOP_FUND, RESERVE, USDC, AccountId
from specs.fixed_point import WAD

TITLE: Final = "Mango Markets, October 2022, tried here"
SOL, PERP, BTC = 3, 2, 1
FACTOR: Final = 10
"""By what the price is pumped."""
MARGIN: Final = 100_000
"""Whole USDC of each of the attacker's accounts."""
GREED: Final = 25_000
"""SOL that the attacker trades with itself, if the market lets it."""
LIMIT: Final = 5_000
"""SOL of open interest and of a position, where the market has a limit."""
CREDIT_CAP: Final = 20_000 * WAD
FUND_CAP: Final = 20_000 * WAD
NO_LIMIT: Final = 10**9 * WAD
GUARDS: Final = (9_500, 8_000, 2_000, 2_500)
"""Basis points: 95 % may be utilised, a quarter of what was held leave in a day."""
DEPOSITS: Final = {"lender": ("USDC", 5_000_000), "holder": ("BTC", 100)}
PROVIDER: Final = 1_000_000
TICKS: Final = 40
"""On the way up, and as many on the way down."""
LENGTH: Final = 2 * TICKS
"""Ticks in all."""


@dataclass(frozen=True)
class Variant:
    """One way in which the attack is played."""

    name: str
    is_limited: bool = True
    capacity: int = 200_000
    """Whole USDC that providers take over in an hour."""
    seconds: int = 60
    """Of a tick."""


VARIANTS: Final = (
    Variant("limits on"),
    Variant("limits off", is_limited=False),
    Variant("providers too small", capacity=10_000),
    Variant("pumped in 5 minutes", seconds=8),
)


@dataclass
class Attack:
    """An attack under way."""

    scene: Scene
    variant: Variant
    taken: int = 0
    """What the attacker has in hand, WAD USDC."""
    at_peak: int = 0
    size: int = 0
    """WAD SOL."""
    liquidations: int = 0
    deleveraged: int = 0
    """What was closed against the other side, WAD USDC."""
    socialised: int = 0
    times: list[int] = field(default_factory=list)
    hands: list[float] = field(default_factory=list)

    @property
    def accounts(self) -> tuple[AccountId, AccountId]:
        """Return the long and the short."""
        return self.scene.account("attacker", 0), self.scene.account("attacker", 1)


def play(chain: LocalChain, progress: Progress) -> Outcome:
    """Play the attack in all variants, each on a deployment of its own."""
    figures, attacks = dict[str, int](), list[Attack]()
    for number, variant in enumerate(VARIANTS):
        attack = run(chain, variant, part_of(progress, number))
        attacks.append(attack)
        figures |= {
            f"{name}, {variant.name}": value for name, value in measure(attack).items()
        }
    return Outcome(
        title=TITLE,
        findings=tell(figures),
        tables=[compare(figures)],
        charts=[
            Chart(
                f"In the attacker's hands, {a.variant.name}, USDC",
                a.times,
                {"taken out": a.hands},
            )
            for a in attacks[:2]
        ],
        checked=sum(attack.scene.checked for attack in attacks),
        figures=figures,
    )


def part_of(progress: Progress, number: int) -> Progress:
    """Return what to tell the progress of one variant."""
    begun, total = number * LENGTH, len(VARIANTS) * LENGTH
    return lambda done, _: progress(begun + done, total)


def run(chain: LocalChain, variant: Variant, progress: Progress) -> Attack:
    """Pump, take out, and let the price fall back to where it was."""
    scene = Scene(chain, (*DEPOSITS, "provider", "attacker"), accounts=2)
    furnish(scene, variant)
    attack = Attack(scene, variant)
    long, _ = attack.accounts
    open_as_much(attack)
    start = START_PRICES["SOL"]
    for tick in range(LENGTH):
        progress(tick, LENGTH)
        power = min(tick + 1, LENGTH - tick - 1) / TICKS
        step(attack, int(start * FACTOR**power))
        if tick == TICKS - 1:
            # Nobody buys at the top: what the fund pays is all that can be cashed.
            scene.send("attacker", "realise", PERP, [long])
            grab(attack)
            attack.at_peak = attack.taken
    return attack


def open_as_much(attack: Attack) -> None:
    """Have the attacker trade with itself, as much as the market lets it."""
    for size in (GREED, LIMIT):
        try:
            attack.scene.trade(PERP, *attack.accounts, to_lots(PERP, size))
        except Refused:
            continue
        attack.size = size * WAD
        return


def furnish(scene: Scene, variant: Variant) -> None:
    """Set the limits, and have everybody deposit a day before the attack."""
    scene.tick(variant.seconds)
    if variant.is_limited:
        lots = to_lots(PERP, LIMIT)
        scene.govern("set_limits", PERP, (lots, lots, 1, 0, 0, 10_000))
        scene.govern("set_cull", PERP, (CREDIT_CAP, 0, 0))
        scene.govern("set_fund_cap", PERP, FUND_CAP)
        scene.govern("set_guards", USDC, *GUARDS, 100_000 * WAD)
        scene.govern("set_guards", BTC, *GUARDS, 5 * WAD)
    else:
        scene.govern("set_limits", PERP, (2**60, 2**56, 1, 0, 0, 10_000))
        scene.govern("set_cull", PERP, (NO_LIMIT, 0, 0))
        scene.govern("set_fund_cap", PERP, NO_LIMIT)
        scene.lift_guards()
    for name, (symbol, amount) in DEPOSITS.items():
        scene.deposit(name, symbol, amount)
        # A withdrawal begins the average of which a share may leave in a day.
        scene.take(name, "withdraw", symbol, 1)
    scene.deposit("provider", "USDC", PROVIDER)
    scene.pledge("provider", variant.capacity)
    for number in (0, 1):
        scene.deposit("attacker", "USDC", MARGIN, number)
    scene.tick(DAY)


def step(attack: Attack, price: int) -> None:
    """
    Let the price move, the attacker act, and the keeper liquidate a second later.

    The attacker settles its losing side first: what that owes then backs the gain.
    """
    scene, (long, short) = attack.scene, attack.accounts
    scene.tick(attack.variant.seconds - 1, {"SOL": price})
    scene.send("attacker", "realise", PERP, [short])
    grab(attack)
    attack.times.append(scene.now)
    attack.hands.append(attack.taken / WAD)
    scene.wait(1)
    for account in (short, long, scene.account("provider")):
        receipt = scene.liquidate(account)
        if receipt is None:
            continue
        attack.liquidations += 1
        for event in receipt.events:
            if event.name == "Liquidation":
                attack.deleveraged += event.arguments["deleveraged"]
            if event.name == "BadDebt":
                attack.socialised += event.arguments["socialised"]


def grab(attack: Attack) -> None:
    """Have the attacker take out all that its long may still take."""
    scene = attack.scene
    for symbol, unit, highest in (("USDC", 10**12, 10**14), ("BTC", 10**10, 10**11)):
        for method in ("withdraw", "borrow"):
            tokens = scene.most("attacker", method, symbol, highest)
            if tokens:
                scene.take("attacker", method, symbol, tokens)
                price = WAD if symbol == "USDC" else START_PRICES[symbol]
                attack.taken += tokens * unit * price // WAD


def measure(attack: Attack) -> dict[str, int]:
    """
    Return who has won and lost what.

    Lenders lose what was taken from their pool already, and every debt that has
    nothing behind it: the backstop fund and the reserve would pay first.
    """
    state = attack.scene.state
    unbacked = sum(
        min(0, worth(state, account))
        for account in state.accounts
        if account != BACKSTOP_FUND
    )
    cushion = worth(state, BACKSTOP_FUND) + worth(state, RESERVE)
    left = sum(max(0, worth(state, account)) for account in attack.accounts)
    provider = attack.scene.account("provider")
    return {
        "attacker": attack.taken + left - 2 * MARGIN * WAD,
        "taken": attack.taken,
        "size": attack.size,
        "at the peak": attack.at_peak,
        "lenders": -attack.socialised + min(0, unbacked + cushion),
        "unbacked": unbacked,
        "provider": worth(state, provider) - PROVIDER * WAD,
        "liquidations": attack.liquidations,
        "deleveraged": attack.deleveraged,
    }


def tell(figures: dict[str, int]) -> list[str]:
    """Return the point in sentences."""
    on, off, small, fast = (variant.name for variant in VARIANTS)
    return [
        f"With the limits on, the attacker makes {usdc(figures[f'attacker, {on}'])} "
        f"USDC and honest lenders lose {usdc(-figures[f'lenders, {on}'])}: its "
        "profit is within credit cap and fund cap, together "
        f"{usdc(CREDIT_CAP + FUND_CAP, 0)}, and lost by providers and backstop fund.",
        f"With the limits off it makes {usdc(figures[f'attacker, {off}'])}, which a "
        f"provider loses that took over what the attacker could still move; lenders "
        f"lose {usdc(-figures[f'lenders, {off}'])}: "
        f"{usdc(figures[f'deleveraged, {off}'])} that nobody took over were closed "
        "against the attacker's own other side.",
        f"Pumped in five minutes, {usdc(figures[f'at the peak, {fast}'])} can be taken "
        "up to the peak: while fast and slow price are apart new risk waits.",
        "With providers too small for the market "
        f"{usdc(figures[f'deleveraged, {small}'])} are closed so, and lenders lose "
        f"{usdc(-figures[f'lenders, {small}'])}; at a pace that liquidation can't "
        f"follow {usdc(-figures[f'lenders, {fast}'])}.",
    ]


def compare(figures: dict[str, int]) -> Table:
    """Return the variants side by side."""
    rows = []
    for said, name in (
        ("SOL traded with itself", "size"),
        ("taken out up to the peak", "at the peak"),
        ("taken out in all", "taken"),
        ("attacker's profit", "attacker"),
        ("closed against its other side", "deleveraged"),
        ("honest lenders", "lenders"),
        ("provider", "provider"),
    ):
        cells = [usdc(figures[f"{name}, {variant.name}"]) for variant in VARIANTS]
        rows.append((said, *cells))
    return Table(
        f"A price pumped {FACTOR} times in {TICKS} minutes and let fall, USDC",
        ("", *(variant.name for variant in VARIANTS)),
        rows,
    )
