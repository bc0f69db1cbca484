"""The world of `tests.helpers.worlds` on pyrevm with every deployable contract."""

import shutil
from contextlib import contextmanager

import pytest
from pyrevm import AccountInfo

from keeper.artifacts import BODIES as BEHIND
from keeper.artifacts import CONTRACTS, INNER, UNROUTED, artifact, contract_names
from keeper.chain.codec import checksum, codec_of, decode_revert
from keeper.chain.interface import Refused
from keeper.chain.revm import GAS_LIMIT
from specs.errors import Revert
from specs.world import take
from tests.helpers import worlds
from tests.helpers.deployers import Deployment, address_of, deploy_world
from tests.stateful.twin import Twin, differences

DEPLOYABLES = [name for name in contract_names() if not name.startswith("Mock")]
BODIES = (*BEHIND[1:], *INNER)
"""The code bodies that the Clearinghouse, or another one, delegates to."""

PUBLISHER = 0x9B1 << 96
DELAY = 60
"""Seconds, of the timelock."""


class Protocol(Deployment):
    """A deployment that remembers the receipt of what was sent last."""

    def send(self, caller, name, method, *arguments):
        """Send a transaction of the account number `caller`."""
        contract = self.contracts[name]
        sender = address_of(caller)
        self.receipt = self.chain.send(sender, contract, method, *arguments)
        return self.receipt.result

    def reason(self, caller, name, method, *arguments):
        """Return why a transaction is refused; None if it is not."""
        try:
            self.send(caller, name, method, *arguments)
        except Refused as refused:
            return refused.reason
        return None

    def at(self, number):
        """Return the address of an account's owner or of a contract, as events do."""
        is_liquidator = number == worlds.LIQUIDATOR
        liquidator = self.contracts["Liquidator"].address
        return liquidator if is_liquidator else checksum(address_of(number))

    def view(self, name, method, *arguments):
        """Return what a view says."""
        return self.chain.call(self.contracts[name], method, *arguments)

    def answer(self, caller, address, data, value=0):
        """Return whether raw calldata is accepted, and the bytes that come back."""
        evm = self.chain._evm
        evm.set_balance(address_of(caller), value)
        try:
            output = evm.message_call(
                address_of(caller), address, data, value=value, gas=GAS_LIMIT
            )
        except RuntimeError as error:
            text = str(error)
            assert text.startswith("Revert"), text
            return False, bytes.fromhex(text.split("output: 0x")[1].split(" ")[0])
        finally:
            evm.reset_transient_storage()
        return True, output

    def refusal(self, caller, address, data, value=0):
        """Return why raw calldata is refused; None if it is not."""
        is_accepted, output = self.answer(caller, address, data, value)
        return None if is_accepted else decode_revert(output)

    def wait(self, seconds):
        """Open a block so much later."""
        self.chain.advance_to(self.chain.block().timestamp + seconds)

    @contextmanager
    def undone(self):
        """Undo what is done inside."""
        before = self.chain.snapshot()
        try:
            yield self
        finally:
            self.chain.revert(before)


def deploy_protocol():
    """Return a deployment of the world with oracle, desk, book, lenses and timelock."""
    made = Protocol(**vars(deploy_world()))
    vault = made.contracts["Clearinghouse"].address
    governor = address_of(worlds.GOVERNOR)
    oracle = made.deploy("PriceOracle", governor, 1, [address_of(PUBLISHER)])
    made.deploy("QuoteDesk", vault, oracle)
    made.deploy("Lens", vault)
    made.deploy("BookLens", made.deploy("OrderBook", governor, vault, oracle))
    made.deploy("Timelock", governor, DELAY)
    return made


def functions_of(name):
    """Return the entries of a deployable's own functions in its ABI."""
    return [entry for entry in artifact(name).abi if entry["type"] == "function"]


def routed_of(body):
    """Return the entries of a body's functions that the one address passes on."""
    return [entry for entry in functions_of(body) if entry["name"] not in UNROUTED]


def calldata(name, method, arguments):
    """Return the calldata of a call."""
    return codec_of(name).method(method, arguments).encode(arguments)


def mutate(folder, name, old, new):
    """Return the artifact of a contract that has `new` for `old`, once."""
    root = folder / "contracts"
    shutil.copytree(CONTRACTS, root)
    path = root / f"{name}.vy"
    text = path.read_text()
    assert text.count(old) == 1, f"{name}: {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new))
    return artifact(name, root)


def exchange(made, mutant):
    """Put a mutant's code where the contract of its name is; immutables stay."""
    address, original = made.contracts[mutant.name].address, artifact(mutant.name)
    immutables = made.chain.code(address)[len(original.runtime) :]
    code = mutant.runtime + immutables
    made.chain._evm.insert_account_info(address, AccountInfo(code=code))
    assert made.chain._evm.get_code(address)[: len(code)] == code


class Stage:
    """The contracts and the specification side by side, one example at a time."""

    def __init__(self):
        """Deploy everything."""
        self.made = deploy_protocol()
        self.twin = Twin(self.made)
        self.world = worlds.open_world()

    @contextmanager
    def at(self, scene):
        """Play the actions of a scene, yield this stage, and undo everything."""
        before, world = self.made.chain.snapshot(), self.world
        try:
            for action in scene:
                self.play(action)
            yield self
        finally:
            self.made.chain.revert(before)
            self.world = world

    def play(self, action):
        """Take an action in both, expect equal states, and return the receipt."""
        self.world = take(self.world, action)
        assert self.twin.send(self.world, action) is None
        self.compare()
        return self.made.receipt if action.name != "wait" else None

    def refuse(self, action):
        """Expect both to refuse an action for one reason, which is returned."""
        with pytest.raises(Revert) as caught:
            take(self.world, action)
        reason = caught.value.reason
        assert self.twin.send(self.world, action) == reason
        self.compare()
        return reason

    def compare(self):
        """Expect every word of storage to be what the specification says."""
        assert differences(self.world, self.twin.read(self.world)) == []

    def events(self, action):
        """Play an action and return the events of our contracts, name and values."""
        ours = {contract.address for contract in self.made.contracts.values()}
        return [
            (event.name, dict(event.arguments))
            for event in self.play(action).events
            if event.address in ours
        ]
