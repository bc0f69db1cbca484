# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title MockFalseToken
@license Apache-2.0
@notice An ERC-20 that, once told to, answers false and moves nothing instead of
        reverting. Anyone may mint; for tests only.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

implements: IERC20
implements: IERC20Detailed

name: public(String[64])
symbol: public(String[32])
decimals: public(uint8)
# Whether transfers fail.
is_failing: public(bool)
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
def set_failing(is_failing: bool):
    """
    @notice Let every transfer fail from now on, or none.
    """
    self.is_failing = is_failing


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
    if self.is_failing:
        return False
    self._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    """
    @notice Move `amount` from `owner`, who has approved the caller, to `receiver`.
    """
    if self.is_failing:
        return False
    self._spend(owner, msg.sender, amount)
    self._move(owner, receiver, amount)
    return True


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
