# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title MockToken
@license Apache-2.0
@notice A plain ERC-20 with EIP-2612 that anyone may mint: for tests and local chains
        only.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from ..modules import signatures

implements: IERC20
implements: IERC20Detailed

_PERMIT_TYPE: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)

name: public(String[64])
symbol: public(String[32])
decimals: public(uint8)
# The sum of all balances.
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
# By owner and spender; the largest number is never reduced.
allowance: public(HashMap[address, HashMap[address, uint256]])
# How many permits of an owner have been used.
nonces: public(HashMap[address, uint256])


@deploy
def __init__(name: String[64], symbol: String[32], decimals: uint8):
    """
    @notice Create a token of which nothing exists yet.
    """
    self.name = name
    self.symbol = symbol
    self.decimals = decimals


@external
def mint(receiver: address, amount: uint256):
    """
    @notice Create `amount` for `receiver`.
    """
    self.totalSupply += amount
    self.balanceOf[receiver] += amount
    log IERC20.Transfer(sender=empty(address), receiver=receiver, value=amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Let `spender` move up to `amount` of the caller's; 2**256 - 1 is for ever.
    """
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@external
def transfer(receiver: address, amount: uint256) -> bool:
    """
    @notice Move `amount` from the caller to `receiver`.
    """
    self._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    """
    @notice Move `amount` from `owner`, who has approved the caller, to `receiver`.
    """
    self._spend(owner, msg.sender, amount)
    self._move(owner, receiver, amount)
    return True


@external
def permit(
    owner: address,
    spender: address,
    amount: uint256,
    deadline: uint256,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @notice Let `spender` move up to `amount` of `owner`, who has signed this.
    """
    assert block.timestamp <= deadline, "permit expired"
    nonce: uint256 = self.nonces[owner]
    digest: bytes32 = signatures._digest(
        self._domain_separator(),
        keccak256(
            abi_encode(_PERMIT_TYPE, owner, spender, amount, nonce, deadline)
        ),
    )
    signature: Bytes[65] = concat(r, s, convert(v, bytes1))
    signer: address = signatures._recover(digest, signature)
    assert signer == owner and owner != empty(address), "bad signature"
    self.nonces[owner] = nonce + 1
    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice Return what EIP-712 hashes into every permit.
    """
    return self._domain_separator()


@internal
@view
def _domain_separator() -> bytes32:
    return signatures._domain_separator(keccak256(self.name), keccak256("1"))


@internal
def _spend(owner: address, spender: address, amount: uint256):
    allowed: uint256 = self.allowance[owner][spender]
    if allowed != max_value(uint256):
        assert amount <= allowed, "insufficient allowance"
        self.allowance[owner][spender] = allowed - amount


@internal
def _move(sender: address, receiver: address, amount: uint256):
    assert amount <= self.balanceOf[sender], "insufficient funds"
    self.balanceOf[sender] -= amount
    self.balanceOf[receiver] += amount
    log IERC20.Transfer(sender=sender, receiver=receiver, value=amount)
