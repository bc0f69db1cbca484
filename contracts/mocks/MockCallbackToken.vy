# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title MockCallbackToken
@license Apache-2.0
@notice An ERC-20 that calls back before every transfer, or at a permit: a preset target
        with preset calldata, and remembers what came of it. Anyone may mint; for tests only.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

implements: IERC20
implements: IERC20Detailed

name: public(String[64])
symbol: public(String[32])
decimals: public(uint8)
# Whom a transfer calls back; nobody while it is zero.
target: public(address)
# With which calldata.
callback: public(Bytes[4096])
# How often a callback was made, and of the last one whether it succeeded and what it
# returned.
calls: public(uint256)
is_successful: public(bool)
returned: public(Bytes[1024])
# A callback's own transfers call nobody back.
is_inside: bool
# The sum of all balances.
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
# By owner and spender; the largest number is never reduced.
allowance: public(HashMap[address, HashMap[address, uint256]])


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
def set_callback(target: address, callback: Bytes[4096]):
    """
    @notice Call `target` with `callback` before every transfer from now on; the zero
            address stops it. What was remembered is forgotten.
    """
    self.target = target
    self.callback = callback
    self.calls = 0
    self.is_successful = False
    self.returned = b""


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
    self._call_back()
    self._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    """
    @notice Move `amount` from `owner`, who has approved the caller, to `receiver`.
    """
    self._call_back()
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
    @notice Call back now, and not before the transfer that follows; permit nothing.
    @param v 0 to leave it to the transfer.
    """
    if v == 0:
        return
    self._call_back()
    self.target = empty(address)


@internal
def _call_back():
    if self.target == empty(address) or self.is_inside:
        return
    self.is_inside = True
    is_successful: bool = False
    returned: Bytes[1024] = b""
    is_successful, returned = raw_call(
        self.target, self.callback, max_outsize=1024, revert_on_failure=False
    )
    self.calls += 1
    self.is_successful = is_successful
    self.returned = returned
    self.is_inside = False


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
