"""Publishers, what they sign, and an oracle on an EVM for it."""

from coincurve import PrivateKey
from eth_utils import keccak, to_checksum_address

from keeper.chain.revm import CHAIN_ID, RevmChain
from specs.book_basis import MAX_HOLD
from specs.fixed_point import WAD
from specs.reports import Report, compute_report_digest
from specs.signatures import MAX_S, NOBODY, ORDER

GOVERNOR = to_checksum_address("0x" + "60" * 20)
STRANGER = to_checksum_address("0x" + "5e" * 20)
BOOK = to_checksum_address("0x" + "b0" * 20)
OTHER_BOOK = to_checksum_address("0x" + "b1" * 20)

UNITS = 10**6
"""Wei in the unit of a stored price."""


def make_key(name):
    """Return the key called `name` and its address."""
    key = PrivateKey(keccak(text=name))
    public = key.public_key.format(compressed=False)[1:]
    return to_checksum_address(keccak(public)[-20:]), key


KEYS = dict(make_key(f"publisher {number}") for number in range(6))
ADDRESSES = list(KEYS)
PUBLISHERS = ADDRESSES[:3]
"""The founders; the other three may be enrolled, or not."""


def report(time, prices):
    """Return a report of whole USDC, or their fractions, by asset."""
    quoted = tuple(round(price * WAD) for price in prices.values())
    return Report(time, tuple(prices), quoted)


def sign(signer, oracle, said, chain_id=CHAIN_ID):
    """Return a signature of a report, or a malformed one for `NOBODY`."""
    digest = compute_report_digest(chain_id, oracle, said)
    if signer == NOBODY:
        return twin(KEYS[ADDRESSES[0]].sign_recoverable(digest, hasher=None))
    signature = KEYS[signer].sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def twin(signature):
    """Return the signature with the high s, which is as true and does not count."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    assert s > MAX_S
    return signature[:32] + s.to_bytes(32, "big") + bytes([28 - signature[64]])


def encode(oracle, reports, signers):
    """Return the arguments of `publish`."""
    signatures = [
        sign(signer, oracle, said)
        for said, signer in zip(reports, signers, strict=False)
    ]
    signatures += [b"\0" * 65] * (len(signers) - len(signatures))
    return [(r.time, list(r.assets), list(r.prices)) for r in reports], signatures


class Oracle:
    """An oracle of three publishers, two of whom must sign."""

    def __init__(self, threshold=2, publishers=PUBLISHERS, source_root=None):
        roots = {} if source_root is None else {"source_root": source_root}
        self.chain = RevmChain(**roots)
        self.contract = self.chain.deploy(
            GOVERNOR, "PriceOracle", GOVERNOR, threshold, publishers
        )

    @property
    def now(self):
        return self.chain.block().timestamp

    def wait(self, seconds):
        """Open a block so much later; after no time, stay in this one."""
        if seconds:
            self.chain.advance_to(self.now + seconds)

    def send(self, sender, method, *arguments):
        """Send a transaction; return its receipt."""
        return self.chain.send(sender, self.contract, method, *arguments)

    def view(self, method, *arguments):
        """Return what a view says."""
        return self.chain.call(self.contract, method, *arguments)

    def govern(self, method, *arguments):
        """Send a transaction of the governor's."""
        return self.send(GOVERNOR, method, *arguments)

    def publish(self, reports, signers, caller=STRANGER):
        """Relay reports with their publishers' signatures."""
        arguments = encode(self.contract.address, reports, signers)
        return self.send(caller, "publish", *arguments)

    def observe(self, market, mid, seconds=MAX_HOLD, book=BOOK):
        """Have a book report a mid that it can vouch for so long."""
        return self.send(book, "observe", market, mid, self.now + seconds)

    def quote(self, prices, signers=PUBLISHERS):
        """Publish the same prices by all of `signers`, now."""
        return self.publish([report(self.now, prices)] * len(signers), signers)


def open_oracle(prices):
    """Return an oracle with all that is listed below, and these prices."""
    oracle = Oracle()
    list_all(oracle)
    oracle.quote(prices)
    return oracle


def list_all(oracle, book=BOOK):
    """List three assets and as many markets, one of them with a quick mark."""
    oracle.govern("list_asset", 1, 2_500, 20_000)
    oracle.govern("list_asset", 2, 2_500, 20_000)
    oracle.govern("list_asset", 3, 5_000, 50_000)
    oracle.govern("list_market", 0, 1, 300, 3_335, 20_000, book)
    oracle.govern("list_market", 1, 2, 300, 4_000, 20_000, book)
    oracle.govern("list_market", 2, 3, 60, 50_000, 50_000, book)
