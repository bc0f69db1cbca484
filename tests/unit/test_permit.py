"""Deposits with a permit: what the signature is good for, and for whose account."""

import pytest

from keeper.chain.revm import CHAIN_ID
from specs.accounts import USDC
from specs.accounts import compute_account as account_of
from specs.clearinghouse import assess
from specs.fixed_point import WAD
from specs.margin import is_liquidatable
from specs.signatures import (
    compute_digest,
    compute_domain_separator,
    compute_struct_hash,
)
from specs.world import Action
from tests.helpers.protocol import calldata
from tests.helpers.quotes import key_of
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import BTC, STRANGER, UNLISTED, bull, hedger, own, publish


class Payer:
    """A key that owns USDC and has approved nobody."""

    def __init__(self, stage):
        self.made, self.key = stage.made, key_of("payer")
        self.token = self.made.tokens[USDC]
        self.vault = self.made.contracts["Clearinghouse"]
        self.deadline = stage.world.now
        self.account = account_of(self.key.number, 0)
        self.made.chain.send(self.key.address, self.token, "mint", self.key.address, 50)

    def sign(self, tokens):
        """Return v, r and s of a permit of so many tokens for the vault."""
        kind = (
            "Permit(address owner,address spender,uint256 value,uint256 nonce,"
            "uint256 deadline)"
        )
        nonce = self.made.chain.call(self.token, "nonces", self.key.address)
        spender = int(self.vault.address, 16)
        words = self.key.number, spender, tokens, nonce, self.deadline
        domain = compute_domain_separator(
            f"Token {USDC}", "1", CHAIN_ID, self.token.address
        )
        permit = compute_struct_hash(kind, *words)
        signed = self.key.sign(compute_digest(domain, permit))
        return signed[64], signed[:32], signed[32:64]

    def deposit(self, tokens, signature, account=None):
        """Return why a deposit with a permit is refused; None if it is not."""
        account = account or self.account
        arguments = account, USDC, tokens, self.deadline, *signature
        data = calldata("Clearinghouse", "deposit_with_permit", arguments)
        return self.made.refusal(self.key.number, self.vault.address, data)

    def held(self):
        """Return what the account has got, in token units."""
        word = self.made.view("Clearinghouse", "balances", self.account, USDC)
        return word >> 128


@pytest.fixture
def payer(deployed):
    with deployed.at(AT_WORK):
        yield Payer(deployed)


def test_a_permit_is_enough_for_a_deposit(payer):
    assert payer.deposit(20, payer.sign(20)) is None
    assert payer.held() > 0


@pytest.mark.parametrize("is_used_before", [False, True])
def test_a_permit_that_fails_harms_no_approved_deposit(payer, is_used_before):
    v, r, s = payer.sign(20)
    if is_used_before:
        arguments = payer.key.address, payer.vault.address, 20, payer.deadline
        payer.made.chain.send(
            "0x" + "99" * 20, payer.token, "permit", *arguments, v, r, s
        )
    else:
        r = s
        assert payer.deposit(20, (v, r, s)) is not None
        payer.made.chain.send(
            payer.key.address, payer.token, "approve", payer.vault.address, 20
        )
    assert payer.deposit(20, (v, r, s)) is None
    assert payer.held() > 0


def test_a_permit_is_for_what_was_signed(payer):
    assert payer.deposit(21, payer.sign(20)) == "insufficient allowance"
    assert payer.held() == 0


def test_a_permit_of_an_unknown_token_is_refused(payer):
    arguments = payer.account, UNLISTED, 1, payer.deadline, *payer.sign(1)
    data = calldata("Clearinghouse", "deposit_with_permit", arguments)
    refusal = payer.made.refusal(payer.key.number, payer.vault.address, data)
    assert refusal == "unknown asset"


def test_a_stranger_with_a_permit_adds_nothing_to_who_is_liquidatable(deployed):
    """What he brings must leave the account above its maintenance margin."""
    owing = own("borrow", bull, USDC, 20_000 * 10**6)
    fallen = [*publish({BTC: 35_000 * WAD}), Action("wait", STRANGER, (1,))]
    with deployed.at([*AT_WORK, owing, *fallen]):
        payer = Payer(deployed)
        for account in (bull, hedger):
            health = assess(deployed.world.clearing, account, deployed.world.now)
            assert is_liquidatable(health) is (account == bull)
            told = payer.deposit(20, payer.sign(20), account)
            assert told == ("below initial margin" if account == bull else None)
