"""
A chain on this machine with everything deployed: anvil, mock tokens, demo accounts.

All keys are Ape's test accounts, which everybody has: 0 governs, 1 is the keeper, 2 to
4 publish prices, 5 makes the market, 6 is a backstop provider, 7 to 9 hold tokens.
"""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from keeper.chain.interface import Chain
from keeper.deployment import Deployment, deploy
from keeper.errors import UserError
from keeper.parameters import ASSETS, PUBLISHERS
from keeper.signing import Signer
from specs.accounts import TRADE, USDC, Address, compute_account
from specs.fixed_point import WAD

URL: Final = "http://127.0.0.1:8545"
NETWORK: Final = "ethereum:local:foundry"
FILE: Final = "devnet.json"
CHAIN_ID: Final = 31337

GOVERNOR: Final = 0
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


def populate(chain: Chain, accounts: Sequence[str]) -> Deployment:
    """
    Deploy everything and give the demo accounts tokens, half of them deposited.

    `accounts` are the addresses of Ape's test accounts, which `chain` sends for.
    """
    publishers = accounts[FIRST_PUBLISHER : FIRST_PUBLISHER + PUBLISHERS]
    deployment = deploy(chain, accounts[GOVERNOR], publishers, accounts[MAKER])
    for number in DEMO:
        _endow(chain, deployment, accounts[number])
    _pledge(chain, deployment, accounts[PROVIDER])
    return deployment


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while chain_id_at(url) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise UserError(f"anvil does not answer at {url}; is the port in use?")
        time.sleep(0.1)


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
    chain.send(owner, home, "set_operator", account, liquidator.address, TRADE)
    hour = ENDOWMENT[ASSETS[USDC].symbol] * 20 * WAD
    chain.send(owner, liquidator, "pledge", account, hour // 4, hour)
