"""
A chain on this machine with everything deployed: anvil, mock tokens, demo accounts.

All keys are Ape's test accounts, which everybody has: 0 governs through a timelock, 1
is the keeper, 2 to 4 publish prices, 5 makes the market and is the guardian, 6 is a
backstop provider, 7 to 9 have positions; the profit and loss of 9 is realised.
"""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

from keeper.chain.interface import Chain
from keeper.deployment import Deployment, Handover, deploy_governed
from keeper.errors import UserError
from keeper.jobs.publish import Publish, block_time
from keeper.jobs.tick import Tick
from keeper.parameters import ASSETS, MARKETS, PUBLISHERS, compute_pledge
from keeper.prices import PriceSource
from keeper.publishers import Panel
from keeper.runner import Runner
from keeper.signing import Signer, sign_digest
from specs.accounts import (
    USDC,
    AccountId,
    Address,
    Settings,
    compute_account,
)
from specs.fixed_point import WAD, Seconds, Wad
from specs.quotes import Quote, compute_domain, compute_quote_digest

URL: Final = "http://127.0.0.1:8545"
NETWORK: Final = "ethereum:local:foundry"
FILE: Final = "devnet.json"
CHAIN_ID: Final = 31337

GOVERNOR: Final = 0
KEEPER: Final = 1
FIRST_PUBLISHER: Final = 2
MAKER: Final = 5
PROVIDER: Final = 6
DEMO: Final = (5, 6, 7, 8, 9)

# What each demo account gets, in whole tokens; half of it is deposited.
ENDOWMENT: Final = {
    "USDC": 200_000,
    "BTC": 2,
    "ETH": 40,
    "SOL": 1_000,
    "USDT": 20_000,
}

DELAY: Final = Seconds(5)
"""Of the timelock, and once more of what loosens: short, to be tried out."""

# Who holds how many lots of which market at first, the maker being on the other side.
POSITIONS: Final = (
    (7, 0, 50_000),
    (8, 0, -30_000),
    (8, 1, 40_000),
    (9, 1, -60_000),
    (9, 2, 100_000),
    (7, 2, -50_000),
)
REALISED: Final = 9
"""Whose profit and loss the keeper realises."""

_EXPIRY: Final = 3_600  # seconds
_FOREVER: Final = 2**256 - 1
_PATIENCE: Final = 20  # seconds for anvil to answer


def demo_signers() -> Sequence[Signer]:
    """Return Ape's test accounts."""
    from ape import accounts

    return [accounts.test_accounts[i] for i in range(10)]


def load_account(alias: str) -> Any:
    """Return an Ape account; `TEST::1` is a test account. Raise `UserError`."""
    from ape import accounts
    from ape.exceptions import AccountsError

    try:
        if alias.startswith("TEST::"):
            return accounts.test_accounts[int(alias.removeprefix("TEST::"))]
        return accounts.load(alias)
    except (AccountsError, LookupError, ValueError):
        raise UserError(
            f"no account {alias}; `ape accounts list` shows them, "
            "`ape accounts import` adds one"
        ) from None


def chain_id_at(url: str) -> int | None:
    """Return the id of the chain that answers at `url`, None if nothing does."""
    question = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    request = urllib.request.Request(
        url, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as response:
            return int(json.load(response)["result"], 16)
    except (OSError, ValueError, KeyError):
        return None


def require_devnet(network: str) -> None:
    """Raise `UserError` if `network` is the devnet and nothing answers there."""
    if network == NETWORK and chain_id_at(URL) is None:
        raise UserError(f"nothing answers at {URL}: start it with `ape run devnet`")


def find_anvil(root: Path) -> str:
    """Return the path of anvil; raise `UserError` if it is not installed."""
    # The platform's own binary: to stop the package's wrapper would leave it running.
    for own in sorted(root.glob("node_modules/@foundry-rs/anvil-*/bin/anvil*")):
        return str(own)
    found = shutil.which("anvil")
    if found is None:
        raise UserError("anvil is missing: `make anvil` installs it")
    return found


@contextmanager
def anvil(root: Path, url: str = URL) -> Iterator[bool]:
    """
    Make sure that a development chain answers at `url`; say whether it was started.

    One that was started is stopped at the end. Raise `UserError` if there is no
    anvil, or if something else answers.
    """
    running = chain_id_at(url)
    if running is not None:
        if running != CHAIN_ID:
            raise UserError(f"{url} is chain {running}, not a devnet; stop it first")
        yield False
        return
    port = url.rsplit(":", 1)[1]
    command = [find_anvil(root), "--port", port, "--chain-id", str(CHAIN_ID)]
    process = subprocess.Popen([*command, "--silent"], start_new_session=True)
    try:
        _wait(process, url)
        yield True
    finally:
        process.terminate()
        process.wait()


def populate(
    chain: Chain, signers: Sequence[Signer], source: PriceSource
) -> Deployment:
    """
    Deploy everything under a timelock, give the demo accounts tokens, half of them
    deposited, and let some open positions at the prices of ``source``.

    ``signers`` are Ape's test accounts, which ``chain`` sends for.
    """
    accounts = [str(signer.address) for signer in signers]
    panel = Panel(signers[FIRST_PUBLISHER : FIRST_PUBLISHER + PUBLISHERS])
    deployment = deploy_governed(
        chain,
        accounts[GOVERNOR],
        panel.addresses,
        Handover(guardian=accounts[MAKER], delay=DELAY),
    )
    for number in DEMO:
        _endow(chain, deployment, accounts[number])
    _pledge(chain, deployment, accounts[PROVIDER])
    realised = (_account(signers[REALISED]), astuple(Settings(auto_realize=True)))
    home = deployment.clearinghouse
    chain.send(accounts[REALISED], home, "set_settings", *realised)
    _start_clock(chain, deployment, panel, source, accounts[KEEPER])
    for position in POSITIONS:
        _open(chain, deployment, signers, *position)
    return deployment


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while chain_id_at(url) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise UserError(f"anvil does not answer at {url}; is the port in use?")
        time.sleep(0.1)


def _start_clock(
    chain: Chain,
    deployment: Deployment,
    panel: Panel,
    source: PriceSource,
    keeper: str,
) -> None:
    """Publish the first prices and take them over."""
    numbers = {asset.symbol: asset.number for asset in ASSETS if asset.number != USDC}
    markets = [market.number for market in MARKETS]
    home, oracle = deployment.clearinghouse, deployment.oracle
    publish = Publish(oracle, source, panel, numbers, block_time)
    tick = Tick(home, oracle, list(numbers.values()), markets)
    runner = Runner(chain, [publish, tick], keeper)
    for job in runner.jobs:
        if not runner.work(job):
            raise UserError(f"{job.name}: the first prices were refused")


def _open(
    chain: Chain,
    deployment: Deployment,
    signers: Sequence[Signer],
    owner: int,
    market: int,
    lots: int,
) -> None:
    """Have an owner take a quote of the maker at mark for a signed size."""
    desk, maker = deployment.quote_desk, signers[MAKER]
    mark = chain.call(deployment.oracle, "mark", market)[0]
    quote = Quote(
        account=_account(maker),
        instrument=market,
        is_buy=lots < 0,
        size=abs(lots),
        min_size=abs(lots),
        price=Wad(mark),
        nonce=POSITIONS.index((owner, market, lots)),
        expiry=Seconds(chain.block().timestamp + _EXPIRY),
    )
    domain = compute_domain(chain.chain_id, desk.address)
    signature = sign_digest(maker, compute_quote_digest(domain, quote))
    taker = signers[owner]
    words = (astuple(quote), signature, _account(taker), abs(lots))
    chain.send(str(taker.address), desk, "take", *words)


def _account(signer: Signer) -> AccountId:
    """Return the first account of a key."""
    return compute_account(Address(int(str(signer.address), 16)), 0)


def _endow(chain: Chain, deployment: Deployment, owner: str) -> None:
    account = compute_account(Address(int(owner, 16)), 0)
    for asset in ASSETS:
        token = deployment.tokens[asset.symbol]
        amount = ENDOWMENT[asset.symbol] * 10**asset.decimals
        chain.send(owner, token, "mint", owner, amount)
        chain.send(owner, token, "approve", deployment.vault, _FOREVER)
        placed = (account, asset.number, amount // 2)
        chain.send(owner, deployment.clearinghouse, "deposit", *placed)


def _pledge(chain: Chain, deployment: Deployment, owner: str) -> None:
    account = compute_account(Address(int(owner, 16)), 0)
    home, liquidator = deployment.clearinghouse, deployment.liquidator
    capital = Wad(ENDOWMENT[ASSETS[USDC].symbol] * WAD)
    chain.send(owner, home, "bind", account)
    chain.send(owner, liquidator, "pledge", account, *compute_pledge(capital))
