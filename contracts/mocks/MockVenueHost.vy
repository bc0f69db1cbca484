# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title MockVenueHost
@license Apache-2.0
@notice Stands in for the Clearinghouse and the PriceOracle where a venue is tested
        alone: it says who is authorised, which prices are in band and what is to be
        converted as it was told, and remembers the fills. For tests only.
"""


struct Fill:
    is_spot: bool
    number: uint256
    buyer: uint256
    seller: uint256
    size: uint256
    price: uint256
    is_maker_buying: bool


struct Due:
    asset: uint256
    most: uint256


struct Conversion:
    asset: uint256
    account: uint256
    buyer: uint256
    amount: uint256
    price: uint256


# Rights by account and actor; an account's owner has all.
rights: public(HashMap[uint256, HashMap[address, uint256]])
# By market and by asset, lowest and highest price.
bands: HashMap[uint256, uint256[2]]
spot_bands: HashMap[uint256, uint256[2]]
# What is to be converted, by account.
due: HashMap[uint256, Due]
fills: public(DynArray[Fill, 1024])
conversions: public(DynArray[Conversion, 1024])
# Whether the next fills are refused, as for want of margin.
is_refusing: public(bool)


@external
def set_operator(account: uint256, operator: address, rights: uint256):
    """
    @notice Give `operator` the rights of that mask, and no other.
    """
    self.rights[account][operator] = rights


@external
def set_band(is_spot: bool, number: uint256, low: uint256, high: uint256):
    """
    @notice Set an asset's or a market's band.
    """
    if is_spot:
        self.spot_bands[number] = [low, high]
    else:
        self.bands[number] = [low, high]


@external
def set_due(account: uint256, asset: uint256, most: uint256):
    """
    @notice Set what of an account is to be converted.
    """
    self.due[account] = Due(asset=asset, most=most)


@external
def set_refusing(is_refusing: bool):
    """
    @notice Refuse every fill from now on, or none.
    """
    self.is_refusing = is_refusing


@external
def fill_perp(
    market: uint256,
    buyer: uint256,
    seller: uint256,
    lots: uint256,
    price: uint256,
    maker_is_buyer: bool,
):
    """
    @notice Remember a fill of a perpetual.
    """
    self._remember(False, market, buyer, seller, lots, price, maker_is_buyer)


@external
def fill_spot(
    asset: uint256,
    buyer: uint256,
    seller: uint256,
    amount: uint256,
    price: uint256,
    maker_is_buyer: bool,
):
    """
    @notice Remember a spot fill.
    """
    self._remember(True, asset, buyer, seller, amount, price, maker_is_buyer)


@external
def convert(
    asset: uint256, account: uint256, buyer: uint256, amount: uint256, price: uint256
):
    """
    @notice Remember a conversion of collateral.
    """
    assert not self.is_refusing, "below initial margin"
    self.conversions.append(
        Conversion(
            asset=asset, account=account, buyer=buyer, amount=amount, price=price
        )
    )


@external
@view
def is_authorised(account: uint256, actor: address, right: uint256) -> bool:
    """
    @notice Return whether `actor` owns the account or was given the right.
    """
    if convert(account >> 96, address) == actor:
        return True
    return self.rights[account][actor] & right != 0


@external
@view
def band(market: uint256) -> (uint256, uint256):
    """
    @notice Return a market's lowest and highest price.
    """
    assert self.bands[market][1] != 0, "no price"
    return self.bands[market][0], self.bands[market][1]


@external
@view
def spot_band(asset: uint256) -> (uint256, uint256):
    """
    @notice Return an asset's lowest and highest price.
    """
    assert self.spot_bands[asset][1] != 0, "no price"
    return self.spot_bands[asset][0], self.spot_bands[asset][1]


@external
@view
def conversion_of(account: uint256) -> (uint256, uint256):
    """
    @notice Return the asset of an account that is to be converted, and how much of it.
    """
    return self.due[account].asset, self.due[account].most


@external
@view
def fill_count() -> uint256:
    """
    @notice Return how many fills there were.
    """
    return len(self.fills)


@external
@view
def conversion_count() -> uint256:
    """
    @notice Return how many conversions there were.
    """
    return len(self.conversions)


@internal
def _remember(
    is_spot: bool,
    number: uint256,
    buyer: uint256,
    seller: uint256,
    size: uint256,
    price: uint256,
    is_maker_buying: bool,
):
    assert not self.is_refusing, "below initial margin"
    self.fills.append(
        Fill(
            is_spot=is_spot,
            number=number,
            buyer=buyer,
            seller=seller,
            size=size,
            price=price,
            is_maker_buying=is_maker_buying,
        )
    )
