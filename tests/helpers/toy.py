"""A small contract that does, once, everything an engine has to carry."""

MODULE = """# pragma version 0.4.3
LIMIT: immutable(uint256)

@deploy
def __init__(limit: uint256):
    LIMIT = limit
"""

CONTRACT = """# pragma version 0.4.3
# pragma nonreentrancy on
from .modules import bound

initializes: bound

struct Entry:
    amount: int256
    owner: address
    is_open: bool

event Set:
    by: indexed(address)
    value: uint256

event Many:
    values: DynArray[uint256, 4]
    entry: Entry

value: public(uint256)
seen: transient(uint256)

@deploy
def __init__(limit: uint256):
    assert limit > 0, "zero amount"
    bound.__init__(limit)

@external
def set(to: uint256) -> uint256:
    assert to > 0, "zero amount"
    assert to <= bound.LIMIT, "above the limit"
    self.value = to
    log Set(by=msg.sender, value=to)
    return to * 2

@external
def visit() -> uint256:
    self.seen += 1
    return self.seen

@external
def tell(values: DynArray[uint256, 4], entry: Entry, add: uint256 = 5) -> uint256:
    log Many(values=values, entry=entry)
    return add + len(values)

@external
def overflow():
    self.value -= max_value(uint256)

@external
@view
def now() -> (uint256, uint256, uint256):
    return block.number, block.timestamp, chain.id

@external
@view
def entry(amount: int256) -> Entry:
    return Entry(amount=amount, owner=self, is_open=amount > 0)

@external
@view
def entries(names: String[8], amounts: DynArray[int64, 3]) -> DynArray[Entry, 3]:
    found: DynArray[Entry, 3] = []
    for amount: int64 in amounts:
        entry: Entry = Entry(amount=convert(amount, int256), owner=self, is_open=True)
        found.append(entry)
    return found
"""


def write_toy(root):
    """Write the sources under `root` and return it."""
    (root / "modules").mkdir(parents=True)
    (root / "modules" / "bound.vy").write_text(MODULE)
    (root / "Toy.vy").write_text(CONTRACT)
    return root
