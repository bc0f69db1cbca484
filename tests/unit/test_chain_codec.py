"""The codec against eth_abi, and what it refuses."""

import pytest
from eth_abi import decode as abi_decode
from eth_abi import encode as abi_encode
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain import codec

addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
words = {
    "uint256": st.integers(0, 2**256 - 1),
    "int256": st.integers(-(2**255), 2**255 - 1),
    "uint8": st.integers(0, 255),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "address": addresses,
    "bool": st.booleans(),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes4": st.binary(min_size=4, max_size=4),
}
others = {
    "uint256[]": st.lists(words["uint256"], max_size=3).map(tuple),
    "address[]": st.lists(addresses, max_size=3).map(tuple),
    "string": st.text(max_size=40),
    "bytes": st.binary(max_size=70),
    "(int256,address)": st.tuples(words["int256"], addresses),
    "(int256,(bool,uint8))": st.tuples(
        words["int256"], st.tuples(words["bool"], words["uint8"])
    ),
    "(uint8,address[])[]": st.lists(
        st.tuples(words["uint8"], st.lists(addresses, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
}
typed = {**words, **others}


@st.composite
def values(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(typed)), max_size=5))
    return kinds, tuple(draw(typed[kind]) for kind in kinds)


@given(values())
def test_encoding_is_eth_abis(drawn):
    kinds, items = drawn
    assert codec.encode(kinds, items) == abi_encode(kinds, items)


@given(values())
def test_decoding_undoes_encoding(drawn):
    kinds, items = drawn
    assert codec.decode(kinds, abi_encode(kinds, items)) == items


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint256", -1),
        ("uint256", 2**256),
        ("int64", 2**63),
        ("uint256", 1.0),
        ("uint256", "1"),
        ("bytes4", b"12345"),
        ("bytes4", b"123"),
        ("bytes4", 4),
        ("address", 5),
        ("address", "0x12"),
        ("address", "0x" + "11" * 21),
        ("address", "0x" + "zz" * 20),
        ("bool", 2),
    ],
)
def test_value_that_does_not_fit_is_refused(kind, value):
    with pytest.raises(ValueError, match=f"is no {kind}"):
        codec.encode([kind], [value])


def test_wrong_number_of_arguments_is_refused():
    with pytest.raises(ValueError, match="1 arguments for 2"):
        codec.encode(["bool", "bool"], [True])
    with pytest.raises(ValueError, match="1 arguments for 2"):
        codec.encode(["(bool,bool)"], [(True,)])


def test_short_answer_is_refused():
    with pytest.raises(ValueError, match="0 bytes returned for 1 words"):
        codec.decode(["uint256"], b"")


@given(st.text(max_size=60))
def test_reason_is_read(text):
    output = bytes.fromhex("08c379a0") + abi_encode(["string"], [text])
    assert abi_decode(["string"], output[4:]) == (text,)
    assert codec.decode_revert(output) == text


def test_other_reverts_are_told_apart():
    panic = bytes.fromhex("4e487b71") + (17).to_bytes(32, "big")
    assert codec.decode_revert(panic) == "panic 17"
    assert codec.decode_revert(b"") == ""
    assert codec.decode_revert(b"\x12\x34") == "0x1234"


def test_tuple_types_split_at_outer_commas():
    assert codec.split_types("uint8,(bool,int8)[],address") == [
        "uint8",
        "(bool,int8)[]",
        "address",
    ]
