# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Signatures
@license Apache-2.0
@notice Typed data (EIP-712) and who signed it.
@dev Nothing is stored: the domain is computed anew, so a chain that splits off has
     another one. A contract's signature (EIP-1271) needs a call and therefore a root:
     `_recover` says who signed as a key, the root asks the wallet if it was nobody.
@custom:spec specs/signatures.py
"""

_DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_DIGEST_PREFIX: constant(bytes2) = 0x1901

# Half of the curve's order. Of the two valid signatures (s and order - s) the one
# with the low s counts, so that nobody can turn one signature into another.
_MAX_S: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)


@internal
@view
def _domain_separator(name_hash: bytes32, version_hash: bytes32) -> bytes32:
    """
    @notice Return the domain of this contract on this chain.
    @param name_hash Hash of the contract's name in the domain.
    @param version_hash Hash of the version of its messages.
    """
    return keccak256(
        abi_encode(_DOMAIN_TYPE, name_hash, version_hash, chain.id, self)
    )


@internal
@pure
def _digest(domain_separator: bytes32, struct_hash: bytes32) -> bytes32:
    """
    @notice Return what is signed for a struct in a domain.
    """
    return keccak256(concat(_DIGEST_PREFIX, domain_separator, struct_hash))


@internal
@pure
def _recover(digest: bytes32, signature: Bytes[65]) -> address:
    """
    @notice Return the key that signed `digest`, or the zero address for none: a length
            other than 65, a v other than 27 and 28, a high s, a point off the curve.
    @param signature r, s and v, in this order.
    """
    if len(signature) != 65:
        return empty(address)

    s: uint256 = extract32(signature, 32, output_type=uint256)
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    if s > _MAX_S:
        return empty(address)

    # The precompile knows no other v than 27 and 28, and answers with nobody.
    return ecrecover(digest, v, extract32(signature, 0, output_type=uint256), s)
