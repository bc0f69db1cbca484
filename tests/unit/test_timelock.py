"""The timelock beside its specification: what waits, for how long, and who decides."""

import pytest
from eth_abi import encode
from eth_utils.crypto import keccak

from keeper.artifacts import artifact
from keeper.chain.codec import checksum
from keeper.chain.interface import Refused
from keeper.chain.revm import RevmChain
from specs import errors, timelock
from specs.accounts import Address
from specs.delays import MAX_DELAY, WINDOW
from specs.fixed_point import Seconds
from tests.helpers.office import address_of

PROPOSER, STRANGER = Address(0x9A0 << 96), Address(0x57A6 << 96)
GENESIS = 1_700_000_000
DELAY = Seconds(86_400)
DATA_SIZE = 2048


class Lock:
    """The contract and the specification, which are made to do the same."""

    def __init__(self, delay=DELAY):
        """Deploy a timelock, and a token for it to call."""
        self.chain = RevmChain(GENESIS)
        self.now = GENESIS
        proposer = address_of(PROPOSER)
        self.contract = self.chain.deploy(proposer, "Timelock", proposer, delay)
        self.token = self.chain.deploy(proposer, "MockToken", "", "", 18)
        self.state = timelock.open_timelock(PROPOSER, delay)
        self.seen = set()

    def wait(self, seconds):
        """Let time pass."""
        self.now += seconds
        self.chain.advance_to(self.now)

    def play(self, caller, name, *call):
        """Make a call in both, expect equal states, and return the receipt."""
        self.state = getattr(timelock, name)(self.state, self.now, caller, *call)
        receipt = self.send(caller, name, call)
        self.compare(call)
        return receipt

    def refuse(self, caller, name, *call):
        """Expect both to refuse a call for one reason, which is returned."""
        with pytest.raises(errors.Revert) as expected:
            getattr(timelock, name)(self.state, self.now, caller, *call)
        with pytest.raises(Refused) as found:
            self.send(caller, name, call)
        assert found.value.reason == expected.value.reason
        self.compare(call)
        return found.value.reason

    def send(self, caller, name, call):
        """Make a call of the contract."""
        target, data = call
        arguments = address_of(target), data
        if name == "cancel":
            arguments = (id_of(target, data),)
        return self.chain.send(address_of(caller), self.contract, name, *arguments)

    def compare(self, call):
        """Expect the contract to remember what the specification does."""
        self.seen |= {call}
        for target, data in self.seen:
            at = self.chain.call(self.contract, "scheduled", id_of(target, data))
            assert at == self.state.scheduled.get((target, data), 0)

    def minted(self, receiver):
        """Return what the token says that a receiver has."""
        return self.chain.call(self.token, "balanceOf", address_of(receiver))

    def call(self, amount=7, receiver=STRANGER):
        """Return a call of the token that shows whether it was made."""
        data = encode(["address", "uint256"], [address_of(receiver), amount])
        target = Address(int(self.token.address, 16))
        return target, keccak(text="mint(address,uint256)")[:4] + data


def id_of(target, data):
    """Return the id of a call."""
    return keccak(encode(["address", "bytes"], [address_of(target), data]))


@pytest.fixture
def lock():
    return Lock()


def test_a_call_waits_and_is_made_by_anyone(lock):
    lock.play(PROPOSER, "schedule", *lock.call())
    lock.wait(DELAY - 1)
    assert lock.refuse(PROPOSER, "execute", *lock.call()) == "not ready"
    assert lock.minted(STRANGER) == 0
    lock.wait(1)
    lock.play(STRANGER, "execute", *lock.call())
    assert lock.minted(STRANGER) == 7


def test_a_call_is_made_once(lock):
    lock.play(PROPOSER, "schedule", *lock.call())
    lock.wait(DELAY)
    lock.play(STRANGER, "execute", *lock.call())
    assert lock.refuse(STRANGER, "execute", *lock.call()) == "not queued"
    assert lock.minted(STRANGER) == 7


def test_another_call_is_not_made(lock):
    lock.play(PROPOSER, "schedule", *lock.call())
    lock.wait(DELAY)
    target, data = lock.call()
    assert lock.refuse(STRANGER, "execute", *lock.call(amount=8)) == "not queued"
    assert lock.refuse(STRANGER, "execute", Address(5), data) == "not queued"
    assert lock.refuse(STRANGER, "execute", target, data + b"0") == "not queued"


def test_a_call_expires(lock):
    lock.play(PROPOSER, "schedule", *lock.call())
    lock.play(PROPOSER, "schedule", *lock.call(8))
    lock.wait(DELAY + WINDOW)
    lock.play(STRANGER, "execute", *lock.call())
    lock.wait(1)
    assert lock.refuse(STRANGER, "execute", *lock.call(8)) == "change expired"
    lock.play(PROPOSER, "schedule", *lock.call(8))
    lock.wait(DELAY)
    lock.play(STRANGER, "execute", *lock.call(8))


def test_a_call_scheduled_again_waits_anew(lock):
    lock.play(PROPOSER, "schedule", *lock.call())
    lock.wait(DELAY)
    lock.play(PROPOSER, "schedule", *lock.call())
    assert lock.refuse(STRANGER, "execute", *lock.call()) == "not ready"


def test_a_call_is_cancelled(lock):
    lock.play(PROPOSER, "schedule", *lock.call())
    lock.play(PROPOSER, "cancel", *lock.call())
    lock.wait(DELAY)
    assert lock.refuse(STRANGER, "execute", *lock.call()) == "not queued"
    assert lock.refuse(PROPOSER, "cancel", *lock.call()) == "not queued"


@pytest.mark.parametrize("name", ["schedule", "cancel"])
def test_only_the_proposer_decides(lock, name):
    lock.play(PROPOSER, "schedule", *lock.call())
    assert lock.refuse(STRANGER, name, *lock.call()) == "not the proposer"


def test_without_a_delay_a_call_still_has_to_be_scheduled():
    lock = Lock(delay=Seconds(0))
    assert lock.refuse(PROPOSER, "execute", *lock.call()) == "not queued"
    lock.play(PROPOSER, "schedule", *lock.call())
    lock.play(STRANGER, "execute", *lock.call())
    assert lock.minted(STRANGER) == 7


def test_a_call_that_fails_is_not_used_up(lock):
    target, _ = lock.call()
    data = keccak(text="transfer(address,uint256)")[:4]
    data += encode(["address", "uint256"], [address_of(STRANGER), 1])
    lock.play(PROPOSER, "schedule", target, data)
    lock.wait(DELAY)
    before = lock.state
    with pytest.raises(Refused):
        lock.send(STRANGER, "execute", (target, data))
    lock.compare((target, data))
    assert lock.state == before
    lock.chain.send(address_of(STRANGER), lock.token, "mint", lock.contract.address, 1)
    lock.play(STRANGER, "execute", target, data)


def test_a_refusal_is_passed_on(lock):
    other = lock.chain.deploy(
        address_of(PROPOSER), "Timelock", address_of(PROPOSER), DELAY
    )
    data = keccak(text="cancel(bytes32)")[:4] + bytes(32)
    call = Address(int(other.address, 16)), data
    lock.play(PROPOSER, "schedule", *call)
    lock.wait(DELAY)
    with pytest.raises(Refused, match="not the proposer"):
        lock.send(STRANGER, "execute", call)


def test_nobody_comes_back_in_while_a_call_is_made(lock):
    """What is called executes another call that is ready, which anyone may."""
    token = lock.chain.deploy(address_of(PROPOSER), "MockCallbackToken", "", "", 18)
    data = keccak(text="transfer(address,uint256)")[:4]
    data += encode(["address", "uint256"], [address_of(STRANGER), 0])
    outer = Address(int(token.address, 16)), data
    inner = lock.call()
    for call in (outer, inner):
        lock.play(PROPOSER, "schedule", *call)
    lock.wait(DELAY)
    arguments = encode(["address", "bytes"], [address_of(inner[0]), inner[1]])
    callback = keccak(text="execute(address,bytes)")[:4] + arguments
    sender, vault = address_of(STRANGER), lock.contract.address
    lock.chain.send(sender, token, "set_callback", vault, callback)
    lock.play(STRANGER, "execute", *outer)
    assert lock.chain.call(token, "calls") == 1
    assert not lock.chain.call(token, "is_successful")
    lock.play(STRANGER, "execute", *inner)


def test_what_happens_is_logged(lock):
    target, data = lock.call()
    name = id_of(target, data)
    receipt = lock.play(PROPOSER, "schedule", target, data)
    assert receipt.result == name
    usual = {"id": name, "time": lock.now}
    where = {"target": checksum(address_of(target))}
    (event,) = receipt.events
    told = usual | where | {"data": data, "ready_at": lock.now + DELAY}
    assert (event.name, dict(event.arguments)) == ("Scheduled", told)
    (event,) = lock.play(PROPOSER, "cancel", target, data).events
    assert (event.name, dict(event.arguments)) == ("Cancelled", usual)
    lock.play(PROPOSER, "schedule", target, data)
    lock.wait(DELAY)
    event = lock.play(STRANGER, "execute", target, data).events[0]
    told = usual | where | {"caller": address_of(STRANGER), "time": lock.now}
    assert (event.name, dict(event.arguments)) == ("Executed", told)


def test_the_longest_call_fits_and_none_longer(lock):
    target, data = lock.call()
    longest = data + bytes(DATA_SIZE - len(data))
    lock.play(PROPOSER, "schedule", target, longest)
    lock.wait(DELAY)
    lock.play(STRANGER, "execute", target, longest)
    with pytest.raises(Refused):
        lock.send(PROPOSER, "schedule", (target, longest + b"0"))


def test_every_setter_fits():
    heads = [
        4 + 32 * words_of(entry["inputs"])
        for entry in artifact("GovernanceCode").abi
        if entry["type"] == "function"
    ]
    assert max(heads) <= DATA_SIZE


def words_of(inputs):
    """Return how many words arguments of fixed size take."""
    return sum(
        words_of(item["components"]) if "components" in item else 1 for item in inputs
    )


@pytest.mark.parametrize(
    ("proposer", "delay"), [(Address(0), DELAY), (PROPOSER, MAX_DELAY + 1)]
)
def test_what_a_timelock_is_made_of_is_bounded(proposer, delay):
    with pytest.raises(errors.OutOfBounds):
        timelock.open_timelock(proposer, delay)
    with pytest.raises(Refused, match="out of bounds"):
        RevmChain().deploy(
            address_of(STRANGER), "Timelock", address_of(proposer), delay
        )


def test_the_longest_delay_is_allowed():
    lock = Lock(delay=MAX_DELAY)
    assert lock.chain.call(lock.contract, "DELAY") == MAX_DELAY
    assert lock.chain.call(lock.contract, "PROPOSER") == address_of(PROPOSER)
