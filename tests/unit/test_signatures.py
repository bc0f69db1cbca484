"""Who signed what: the module against keys and against another typed-data encoder."""

import pytest
from eth_account.messages import encode_typed_data
from eth_keys import keys
from eth_utils import keccak

from keeper.chain.revm import CHAIN_ID
from specs import signatures as spec
from tests.helpers.modules import deploy_module

KEY = keys.PrivateKey(keccak(text="publisher"))
DIGEST = keccak(text="a report")
SIGNER = KEY.public_key.to_checksum_address()

CALLS = """
@external
def recover(digest: bytes32, signature: Bytes[65]) -> address:
    return signatures._recover(digest, signature)

@external
def domain_separator(name: bytes32, version: bytes32) -> bytes32:
    return signatures._domain_separator(name, version)

@external
def digest(domain_separator: bytes32, struct_hash: bytes32) -> bytes32:
    return signatures._digest(domain_separator, struct_hash)
"""


@pytest.fixture(scope="module")
def recovery(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signatures")
    return deploy_module(folder, "signatures", CALLS)


def sign(key, digest):
    signed = key.sign_msg_hash(digest)
    return signed.r.to_bytes(32, "big"), signed.s, signed.v + 27


def pack(r, s, v):
    return r + s.to_bytes(32, "big") + bytes([v])


def test_the_signer_is_recovered(recovery):
    signature = pack(*sign(KEY, DIGEST))
    assert recovery.recover(DIGEST, signature) == SIGNER


def test_another_digest_is_signed_by_somebody_else(recovery):
    signature = pack(*sign(KEY, DIGEST))
    assert recovery.recover(keccak(DIGEST), signature) != SIGNER


def test_the_twin_of_a_signature_is_nobodys(recovery):
    r, s, v = sign(KEY, DIGEST)
    twin = pack(r, spec.ORDER - s, 55 - v)
    assert (
        keys.Signature(
            vrs=(55 - v - 27, int.from_bytes(r, "big"), spec.ORDER - s)
        ).recover_public_key_from_msg_hash(DIGEST)
        == KEY.public_key
    )
    assert recovery.recover(DIGEST, twin) == spec.NOBODY


@pytest.mark.parametrize("s", [spec.MAX_S, spec.MAX_S + 1])
def test_the_limit_of_s(recovery, s):
    signature = pack(sign(KEY, DIGEST)[0], s, 27)
    is_somebody = recovery.recover(DIGEST, signature) != spec.NOBODY
    assert is_somebody == (s <= spec.MAX_S)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_another_v_is_nobodys(recovery, v):
    r, s, _ = sign(KEY, DIGEST)
    assert recovery.recover(DIGEST, pack(r, s, v)) == spec.NOBODY


@pytest.mark.parametrize("length", [0, 1, 64])
def test_another_length_is_nobodys(recovery, length):
    signature = pack(*sign(KEY, DIGEST))[:length]
    assert recovery.recover(DIGEST, signature) == spec.NOBODY


def test_a_point_off_the_curve_is_nobodys(recovery):
    assert recovery.recover(DIGEST, pack(b"\0" * 32, 1, 27)) == spec.NOBODY


def test_domain_and_digest_are_those_of_typed_data(recovery):
    message = {
        "types": {"Note": [{"name": "numbers", "type": "int256[]"}]},
        "primaryType": "Note",
        "domain": {
            "name": "Rucksack",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": recovery.address,
        },
        "message": {"numbers": [1, -2, 3]},
    }
    domain = recovery.domain_separator(keccak(text="Rucksack"), keccak(text="1"))
    assert domain == spec.compute_domain_separator(
        "Rucksack", "1", CHAIN_ID, recovery.address
    )
    note = spec.compute_struct_hash(
        "Note(int256[] numbers)", spec.compute_list_hash([1, -2, 3])
    )
    signable = encode_typed_data(full_message=message)
    expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
    assert spec.compute_digest(domain, note) == expected
    assert recovery.digest(domain, note) == expected


def test_another_chain_is_another_domain(tmp_path):
    elsewhere = deploy_module(tmp_path, "signatures", CALLS, CHAIN_ID + 1)
    name, version = keccak(text="Rucksack"), keccak(text="1")
    assert elsewhere.domain_separator(name, version) == spec.compute_domain_separator(
        "Rucksack", "1", CHAIN_ID + 1, elsewhere.address
    )
