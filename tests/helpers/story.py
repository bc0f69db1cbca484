"""One fixed story of everything that people do, for the gas that each step takes."""

from dataclasses import dataclass, replace

from keeper.chain.interface import LocalChain, Receipt
from keeper.deployment import Deployment, deploy
from keeper.signing import local_account, sign_digest
from specs.accounts import USDC
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.quotes import SPOT, Quote, compute_domain, compute_quote_digest
from specs.reports import Report, compute_report_digest

BTC, ETH = 1, 2
ROLES = "lender", "bull", "bear", "backer", "keeper", "governor"
PUBLISHERS = [local_account(f"publisher {number}") for number in range(3)]
PRICES = {BTC: 60_000, ETH: 2_500, 3: 100, 4: 1}
LOTS = 500_000
"""5 BTC."""

FALL = 54_000, 52_000, 50_700
"""Prices of BTC, half a minute apart, that ruin who is long."""


@dataclass
class Story:
    """The deployment, and the receipts of the steps by name."""

    chain: LocalChain
    made: Deployment
    receipts: dict[str, Receipt]

    def step(self, name, role, contract, method, *arguments):
        """Send a transaction of a role, and keep its receipt under `name`."""
        address = local_account(role).address
        receipt = self.chain.send(address, contract, method, *arguments)
        if name:
            assert name not in self.receipts
            self.receipts[name] = receipt
        return receipt

    def vault(self, name, role, method, *arguments):
        """Send a transaction to the Clearinghouse."""
        home = self.made.clearinghouse
        return self.step(name, role, home, method, *arguments)

    def wait(self, seconds):
        """Open a block so much later."""
        self.chain.advance_to(self.chain.block().timestamp + seconds)


def number_of(role):
    """Return the number of a role's address."""
    return int(local_account(role).address, 16)


def account(role):
    """Return the account of a role."""
    return account_of(number_of(role), 0)


def tell(chain):
    """Return the story, told on an empty chain."""
    for role in ROLES:
        chain.unlock(local_account(role))
    publishers = [signer.address for signer in PUBLISHERS]
    made = deploy(chain, local_account("governor").address, publishers)
    story = Story(chain, made, {})
    endow(story)
    story.wait(60)
    publish(story, PRICES, "publish")
    save_and_borrow(story)
    trade(story)
    ruin(story)
    return story


def endow(story):
    """Give everybody tokens, and the vault their leave to take them."""
    for role in ROLES[:4]:
        for asset, token in zip(range(5), story.made.tokens.values(), strict=True):
            address = local_account(role).address
            story.step(None, role, token, "mint", address, 10**30 + asset)
            story.step(None, role, token, "approve", story.made.vault, 2**256 - 1)


def publish(story, prices, name=None):
    """Publish two publishers' reports and take all prices over."""
    now = story.chain.block().timestamp
    report = Report(now, tuple(prices), tuple(p * WAD for p in prices.values()))
    oracle = story.made.oracle
    digest = compute_report_digest(story.chain.chain_id, oracle.address, report)
    signatures = [sign_digest(signer, digest) for signer in PUBLISHERS[:2]]
    said = tuple(vars(report).values())
    story.step(name, "keeper", oracle, "publish", [said, said], signatures)
    tick = name and "tick"
    story.vault(tick, "keeper", "tick", list(prices), [0, 1, 2], 100)


def save_and_borrow(story):
    """Deposit, withdraw, borrow and repay: at first, and then again."""
    lender, bull = account("lender"), account("bull")
    receiver = local_account("lender").address
    story.vault("deposit, first", "lender", "deposit", lender, USDC, 10**11)
    story.vault(None, "bull", "deposit", bull, BTC, 10**8)
    story.vault(None, "bear", "deposit", account("bear"), USDC, 10**11)
    story.vault(None, "backer", "deposit", account("backer"), USDC, 10**12)
    story.wait(12)
    story.vault("borrow", "bull", "borrow", bull, USDC, 10**9, receiver)
    story.wait(12)
    story.vault("deposit, again", "lender", "deposit", lender, USDC, 10**10)
    story.vault("withdraw, part", "lender", "withdraw", lender, USDC, 10**9, receiver)
    story.wait(12)
    story.vault("repay, part", "bull", "repay", bull, USDC, 5 * 10**8)
    story.vault("repay, all", "bull", "repay", bull, USDC, 2**256 - 1)


def trade(story):
    """Trade by quotes: open a position, add to it, buy spot."""
    publish(story, PRICES)
    bid = Quote(account("bull"), 0, True, LOTS, 1, 60_000 * WAD, 1, 2**40)
    ask = replace(bid, account=account("bear"), is_buy=False)
    cross(story, "cross, opening", bid, ask)
    story.wait(12)
    less = {"size": LOTS // 100, "nonce": 2}
    cross(story, "cross, adding", replace(bid, **less), replace(ask, **less))
    sale = replace(bid, account=account("bull"), instrument=SPOT + BTC, is_buy=False)
    sale = replace(sale, size=WAD // 100, nonce=3)
    purchase = replace(sale, account=account("lender"), is_buy=True)
    cross(story, "cross, spot", sale, purchase)
    story.vault("realise, two", "keeper", "realise", 0, [bid.account, ask.account])


def cross(story, name, maker, taker):
    """Have the desk fill two signed quotes."""
    desk = story.made.quote_desk
    domain = compute_domain(story.chain.chain_id, desk.address)
    owners = {account(role): local_account(role) for role in ROLES}
    arguments = []
    for quote in (maker, taker):
        digest = compute_quote_digest(domain, quote)
        said = tuple(vars(quote).values())
        arguments += [said, sign_digest(owners[quote.account], digest)]
    story.step(name, "keeper", desk, "cross", *arguments)


def ruin(story):
    """Let the price fall until who is long is taken over."""
    liquidator, backer = story.made.liquidator, account("backer")
    story.vault("bind", "backer", "bind", backer)
    pledged = 4 * (10**6 * WAD,)
    story.step("pledge", "backer", liquidator, "pledge", backer, *pledged)
    for price in FALL:
        story.wait(30)
        publish(story, {**PRICES, BTC: price})
    story.vault("realise, a loss", "keeper", "realise", 0, [account("bull")])
    story.wait(1)
    story.step("liquidate", "keeper", liquidator, "liquidate", account("bull"))
