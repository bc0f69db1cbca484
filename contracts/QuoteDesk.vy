# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title QuoteDesk
@license Apache-2.0
@notice Trades by signed quotes: two quotes that cross, or one quote and a taker, become
        a fill of the Clearinghouse, at the maker's price and inside the oracle's bands;
        one quote and collateral that has to be converted become a conversion. An account
        may also ask for quotes, and anyone may ask makers to buy collateral that has to
        be converted.
@dev The desk holds no token and no right but that of a venue. It trusts neither who
     relays a quote nor what is passed along: every quote is checked against its
     signature, every right is asked of the Clearinghouse, and margin is checked there.
     A quote fills once, in full or in part; its `min_size` is what protects it from
     being used up by a crumb.
@custom:spec specs/quote_desk.py
"""

from .interfaces import IQuoteDesk

implements: IQuoteDesk

from .modules import errors
from .modules import nonces
from .modules import quotes
from .modules import requests
from .modules import signatures

initializes: nonces
initializes: requests
exports: (
    nonces.nonce_words,
    requests.request_count,
    requests.standing,
)


interface Clearinghouse:
    def is_authorised(account: uint256, actor: address, right: uint256) -> bool: view
    def fill_perp(
        market: uint256,
        buyer: uint256,
        seller: uint256,
        lots: uint256,
        price: uint256,
        maker_is_buyer: bool,
    ): nonpayable
    def fill_spot(
        asset: uint256,
        buyer: uint256,
        seller: uint256,
        amount: uint256,
        price: uint256,
        maker_is_buyer: bool,
    ): nonpayable
    def convert(
        asset: uint256, account: uint256, buyer: uint256, amount: uint256, price: uint256
    ): nonpayable
    def conversion_of(account: uint256) -> (uint256, uint256): view


interface PriceOracle:
    def band(market: uint256) -> (uint256, uint256): view
    def spot_band(asset: uint256) -> (uint256, uint256): view


# The right to trade, as the Clearinghouse numbers it.
_TRADE: constant(uint256) = 1
# Account ids are `owner << 96 | number`.
_NUMBER_BITS: constant(uint256) = 96
# Only signatures of this length are recovered; a wallet's may have any.
_PLAIN_SIGNATURE: constant(uint256) = 65
# What `isValidSignature(bytes32,bytes)` answers if it agrees, as a word.
_EIP1271_MAGIC: constant(bytes32) = (
    0x1626ba7e00000000000000000000000000000000000000000000000000000000
)

# Seconds between two requests to convert the same account: makers need not hear it twice.
_PAUSE: constant(uint256) = 60

CLEARINGHOUSE: public(immutable(Clearinghouse))
ORACLE: public(immutable(PriceOracle))

# When the conversion of an account was last asked for; never falls.
conversion_requested: public(HashMap[uint256, uint256])


@deploy
def __init__(clearinghouse: address, oracle: address):
    """
    @notice Open a desk.
    @param clearinghouse Where rights are asked and fills are sent; its governor has to
           enrol the desk as a venue.
    @param oracle Where the price bands are read.
    """
    CLEARINGHOUSE = Clearinghouse(clearinghouse)
    ORACLE = PriceOracle(oracle)


# Anyone


@external
def cross(
    maker: IQuoteDesk.Quote,
    maker_signature: Bytes[256],
    taker: IQuoteDesk.Quote,
    taker_signature: Bytes[256],
) -> uint256:
    """
    @notice Fill two signed quotes with one another at the maker's price; both are used
            up, filled in part or not.
    @param maker Quote that sets the price and pays the maker's fee.
    @param maker_signature 65 bytes `r | s | v` of the account's owner or of an operator
           who may trade, or whatever the owner accepts by EIP-1271.
    @param taker Quote on the other side, which limits the price.
    @param taker_signature The same for the taker.
    @return Size filled: lots, or WAD of the asset.
    """
    size: uint256 = quotes._cross(maker, taker, block.timestamp)
    nonces._use(maker.account, maker.nonce)
    nonces._use(taker.account, taker.nonce)

    domain: bytes32 = self._domain()
    self._check_signature(
        maker.account, quotes._struct_hash(maker), maker_signature, domain
    )
    self._check_signature(
        taker.account, quotes._struct_hash(taker), taker_signature, domain
    )
    self._check_band(maker.instrument, maker.price)

    log IQuoteDesk.Cross(
        maker=maker.account,
        taker=taker.account,
        instrument=maker.instrument,
        is_maker_buying=maker.is_buy,
        size=size,
        price=maker.price,
        maker_nonce=maker.nonce,
        taker_nonce=taker.nonce,
        caller=msg.sender,
        timestamp=block.timestamp,
    )
    self._fill(maker, taker.account, size)
    return size


@external
def convert(
    maker: IQuoteDesk.Quote, signature: Bytes[256], account: uint256, amount: uint256
) -> uint256:
    """
    @notice Have collateral of `account`, which owes more USDC than it may, sold to a
            signed quote at its price; the quote is used up, filled in part or not. The
            Clearinghouse refuses an account that need not be converted, and more than
            is needed.
    @param maker Quote that buys a spot asset.
    @param signature As in `cross`.
    @param account Account whose collateral is sold; nobody asks its owner.
    @param amount What is sold, at least the quote's `min_size`, WAD of the asset.
    @return Amount sold.
    """
    return self._convert(maker, quotes._struct_hash(maker), signature, account, amount)


@external
def convert_two_sided(
    maker: IQuoteDesk.TwoSided, signature: Bytes[256], account: uint256, amount: uint256
) -> uint256:
    """
    @notice Have collateral sold to the bid of a signed quote, as `convert` does.
    """
    return self._convert(
        self._free_side(maker, True),
        quotes._two_sided_hash(maker),
        signature,
        account,
        amount,
    )


@external
def answer(id: uint256, maker: IQuoteDesk.TwoSided, signature: Bytes[256]) -> bool:
    """
    @notice Answer a request with a signed quote. One that is immediate is filled, if
            whoever asked may still trade for its account; of any other the answer is
            announced.
    @param maker Quote that names the request, for all of its size.
    @param signature As in `cross`.
    @return Whether the request is filled.
    """
    asked: IQuoteDesk.Request = requests._get_open(id, block.timestamp)
    is_buy: bool = requests._is_buying(asked, maker)
    if asked.is_immediate:
        assert self._may_trade(asked.account, asked.asker), errors.NOT_AUTHORISED
        self._fill_request(id, asked, maker, signature, is_buy)
        return True

    # What could not be accepted is not announced; its price may come into the bands.
    requests._answer(asked, id, maker, is_buy, block.timestamp)
    nonces._check_unused(maker.account, maker.nonce)
    self._check_signature(
        maker.account, quotes._two_sided_hash(maker), signature, self._domain()
    )
    log IQuoteDesk.Answered(
        id=id,
        maker=maker.account,
        quote=maker,
        signature=signature,
        caller=msg.sender,
        timestamp=block.timestamp,
    )
    return False


@external
def request_conversion(account: uint256) -> (uint256, uint256):
    """
    @notice Ask makers to buy the collateral of `account` that has to be converted.
    @dev An announcement: what may be sold is decided when it is.
    @return Asset, and how much of it at most, WAD.
    """
    earliest: uint256 = self.conversion_requested[account] + _PAUSE
    assert block.timestamp >= earliest, errors.ALREADY_REQUESTED
    asset: uint256 = 0
    most: uint256 = 0
    asset, most = staticcall CLEARINGHOUSE.conversion_of(account)
    assert most != 0, errors.NOT_CONVERTIBLE
    self.conversion_requested[account] = block.timestamp
    log IQuoteDesk.ConversionRequested(
        account=account,
        asset=asset,
        most=most,
        caller=msg.sender,
        timestamp=block.timestamp,
    )
    return asset, most


@external
@view
def request_of(id: uint256) -> IQuoteDesk.Request:
    """
    @notice Return a request that was neither filled nor cancelled.
    """
    return requests._standing(id)


@external
@view
def quote_digest(quote: IQuoteDesk.Quote) -> bytes32:
    """
    @notice Return what has to be signed for `quote`.
    """
    return signatures._digest(self._domain(), quotes._struct_hash(quote))


@external
@view
def two_sided_digest(quote: IQuoteDesk.TwoSided) -> bytes32:
    """
    @notice Return what has to be signed for a two-sided `quote`.
    """
    return signatures._digest(self._domain(), quotes._two_sided_hash(quote))


# An account's owner, or an operator who may trade


@external
def take(
    maker: IQuoteDesk.Quote, signature: Bytes[256], account: uint256, size: uint256
) -> uint256:
    """
    @notice Fill a signed quote for `account` at its price; it is used up, filled in part
            or not.
    @param maker Quote to take.
    @param signature As in `cross`.
    @param account Account that takes; the caller may trade for it.
    @param size What to take of it, at least its `min_size`: lots, or WAD of the asset.
    @return Size filled.
    """
    assert self._may_trade(account, msg.sender), errors.NOT_AUTHORISED
    return self._take(maker, quotes._struct_hash(maker), signature, account, size)


@external
def take_two_sided(
    maker: IQuoteDesk.TwoSided,
    signature: Bytes[256],
    account: uint256,
    size: uint256,
    is_buy: bool,
) -> uint256:
    """
    @notice Fill a side of a signed quote for `account`; both are used up.
    @param is_buy Whether `account` buys, at the quote's ask; else it sells at the bid.
    """
    assert self._may_trade(account, msg.sender), errors.NOT_AUTHORISED
    return self._take(
        self._free_side(maker, not is_buy),
        quotes._two_sided_hash(maker),
        signature,
        account,
        size,
    )


@external
def request(
    account: uint256,
    instrument: uint256,
    size: uint256,
    side: uint256,
    limit: uint256,
    is_immediate: bool,
    expiry: uint256,
    counterparty: uint256,
) -> uint256:
    """
    @notice Ask for quotes for `account`.
    @param instrument As in a quote, and `size` too; all of it is filled, or nothing.
    @param side 0 to buy, 1 to sell, 2 for either: makers need not be told which.
    @param limit Worst price accepted, WAD USDC; 0 for none, which an immediate request
           must have and one for either side can't.
    @param is_immediate Whether the first answer within the limit fills.
    @param expiry Last second at which it may be filled, a day from now at most.
    @param counterparty The only account that may answer, 0 for anyone.
    @return Id that answers have to name.
    """
    assert self._may_trade(account, msg.sender), errors.NOT_AUTHORISED
    id: uint256 = requests._open(
        IQuoteDesk.Request(
            account=account,
            instrument=instrument,
            size=size,
            side=side,
            limit=limit,
            is_immediate=is_immediate,
            expiry=expiry,
            counterparty=counterparty,
            asker=msg.sender,
        ),
        block.timestamp,
    )
    log IQuoteDesk.Requested(
        id=id,
        account=account,
        instrument=instrument,
        size=size,
        side=side,
        limit=limit,
        is_immediate=is_immediate,
        expiry=expiry,
        counterparty=counterparty,
        asker=msg.sender,
        timestamp=block.timestamp,
    )
    return id


@external
def refresh(id: uint256, limit: uint256, expiry: uint256):
    """
    @notice Change limit and expiry of a request that is open; it is the caller's then.
    """
    asked: IQuoteDesk.Request = requests._get_open(id, block.timestamp)
    assert self._may_trade(asked.account, msg.sender), errors.NOT_AUTHORISED
    asked.limit = limit
    asked.expiry = expiry
    asked.asker = msg.sender
    requests._refresh(id, asked, block.timestamp)
    log IQuoteDesk.Refreshed(
        id=id,
        limit=limit,
        expiry=expiry,
        asker=msg.sender,
        timestamp=block.timestamp,
    )


@external
def cancel_request(id: uint256):
    """
    @notice Withdraw a request, be it that it has expired.
    """
    account: uint256 = requests._standing(id).account
    assert self._may_trade(account, msg.sender), errors.NOT_AUTHORISED
    requests._close(id, account)
    log IQuoteDesk.RequestCancelled(
        id=id, caller=msg.sender, timestamp=block.timestamp
    )


@external
def accept(
    id: uint256, maker: IQuoteDesk.TwoSided, signature: Bytes[256], is_buy: bool
):
    """
    @notice Fill a request with a signed quote, whether or not it was announced.
    @param is_buy Whether the request's account buys.
    """
    asked: IQuoteDesk.Request = requests._get_open(id, block.timestamp)
    assert self._may_trade(asked.account, msg.sender), errors.NOT_AUTHORISED
    self._fill_request(id, asked, maker, signature, is_buy)


@external
def cancel(account: uint256, nonce: uint256):
    """
    @notice Use up one nonce, so that no quote with it fills any more. Refused if it is
            used up already: the quote may have been filled.
    """
    assert self._may_trade(account, msg.sender), errors.NOT_AUTHORISED
    nonces._use(account, nonce)
    log IQuoteDesk.Cancel(
        account=account,
        word=nonce >> 8,
        mask=1 << (nonce & 255),
        caller=msg.sender,
        timestamp=block.timestamp,
    )


@external
def cancel_word(account: uint256, word: uint256, mask: uint256):
    """
    @notice Use up all nonces of `mask` that are not used up yet.
    @param word Which 256 nonces: those from 256 * word on.
    @param mask Bit i stands for nonce 256 * word + i.
    """
    assert self._may_trade(account, msg.sender), errors.NOT_AUTHORISED
    nonces._use_word(account, word, mask)
    log IQuoteDesk.Cancel(
        account=account,
        word=word,
        mask=mask,
        caller=msg.sender,
        timestamp=block.timestamp,
    )


# Internal


@internal
def _convert(
    maker: IQuoteDesk.Quote,
    struct_hash: bytes32,
    signature: Bytes[256],
    account: uint256,
    amount: uint256,
) -> uint256:
    """
    @notice Have the Clearinghouse sell collateral to a quote.
    @param struct_hash Hash of what was signed: the quote, or that of which it is a side.
    """
    quotes._convert(maker, account, amount, block.timestamp)
    nonces._use(maker.account, maker.nonce)

    self._check_signature(maker.account, struct_hash, signature, self._domain())
    self._check_band(maker.instrument, maker.price)

    asset: uint256 = maker.instrument - quotes.SPOT
    log IQuoteDesk.Convert(
        maker=maker.account,
        account=account,
        asset=asset,
        amount=amount,
        price=maker.price,
        maker_nonce=maker.nonce,
        caller=msg.sender,
        timestamp=block.timestamp,
    )
    extcall CLEARINGHOUSE.convert(asset, account, maker.account, amount, maker.price)
    return amount


@internal
def _take(
    maker: IQuoteDesk.Quote,
    struct_hash: bytes32,
    signature: Bytes[256],
    account: uint256,
    size: uint256,
) -> uint256:
    """
    @notice Fill `size` of a quote for `account`.
    @param struct_hash Hash of what was signed: the quote, or that of which it is a side.
    """
    quotes._take(maker, account, size, block.timestamp)
    nonces._use(maker.account, maker.nonce)

    self._check_signature(maker.account, struct_hash, signature, self._domain())
    self._check_band(maker.instrument, maker.price)

    log IQuoteDesk.Take(
        maker=maker.account,
        taker=account,
        instrument=maker.instrument,
        is_maker_buying=maker.is_buy,
        size=size,
        price=maker.price,
        maker_nonce=maker.nonce,
        caller=msg.sender,
        timestamp=block.timestamp,
    )
    self._fill(maker, account, size)
    return size


@internal
def _fill_request(
    id: uint256,
    asked: IQuoteDesk.Request,
    maker: IQuoteDesk.TwoSided,
    signature: Bytes[256],
    is_buy: bool,
):
    """
    @notice Fill a request with a side of a signed quote, and close it.
    """
    side: IQuoteDesk.Quote = requests._answer(asked, id, maker, is_buy, block.timestamp)
    nonces._use(maker.account, maker.nonce)
    requests._close(id, asked.account)

    self._check_signature(
        maker.account, quotes._two_sided_hash(maker), signature, self._domain()
    )
    self._check_band(side.instrument, side.price)

    log IQuoteDesk.RequestFilled(
        id=id,
        maker=maker.account,
        taker=asked.account,
        instrument=side.instrument,
        is_maker_buying=side.is_buy,
        size=asked.size,
        price=side.price,
        maker_nonce=side.nonce,
        caller=msg.sender,
        timestamp=block.timestamp,
    )
    self._fill(side, asked.account, asked.size)


@internal
@pure
def _free_side(maker: IQuoteDesk.TwoSided, is_buy: bool) -> IQuoteDesk.Quote:
    """
    @notice Return a side of a quote that answers no request.
    """
    assert maker.request == 0, errors.WRONG_REQUEST
    return quotes._side(maker, is_buy)


@internal
@view
def _domain() -> bytes32:
    """
    @notice Return the domain of this desk on this chain: after a fork the two chains
            differ, and a quote for the one is none for the other.
    """
    return signatures._domain_separator(quotes.NAME_HASH, quotes.VERSION_HASH)


@internal
@view
def _check_signature(
    account: uint256, struct_hash: bytes32, signature: Bytes[256], domain: bytes32
):
    """
    @notice Refuse a quote of `account` that none of those who may trade for it has
            signed.
    """
    digest: bytes32 = signatures._digest(domain, struct_hash)
    if len(signature) == _PLAIN_SIGNATURE:
        signer: address = signatures._recover(
            digest, slice(signature, 0, _PLAIN_SIGNATURE)
        )
        # The zero address is what a signature of nobody recovers to: it owns the
        # protocol's own accounts, and signs for none.
        if signer != empty(address) and self._may_trade(account, signer):
            return
    assert self._is_accepted(account, digest, signature), errors.BAD_SIGNATURE


@internal
@view
def _is_accepted(account: uint256, digest: bytes32, signature: Bytes[256]) -> bool:
    """
    @notice Return whether the account's owner is a wallet that accepts the signature.
    @dev Whatever else the owner does with the call is a no: to revert, to return less
         than a word or something else, to have no code.
    """
    owner: address = convert(account >> _NUMBER_BITS, address)
    is_answered: bool = False
    answer: Bytes[32] = b""
    is_answered, answer = raw_call(
        owner,
        abi_encode(
            digest, signature, method_id=method_id("isValidSignature(bytes32,bytes)")
        ),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return is_answered and len(answer) == 32 and (
        convert(answer, bytes32) == _EIP1271_MAGIC
    )


@internal
@view
def _may_trade(account: uint256, actor: address) -> bool:
    """
    @notice Return whether `actor` may trade for `account`.
    """
    return staticcall CLEARINGHOUSE.is_authorised(account, actor, _TRADE)


@internal
@view
def _check_band(instrument: uint256, price: uint256):
    """
    @notice Refuse a price outside the instrument's bands.
    """
    low: uint256 = 0
    high: uint256 = 0
    if instrument < quotes.SPOT:
        low, high = staticcall ORACLE.band(instrument)
    else:
        low, high = staticcall ORACLE.spot_band(instrument - quotes.SPOT)
    assert low <= price and price <= high, errors.PRICE_OUT_OF_BAND


@internal
def _fill(maker: IQuoteDesk.Quote, taker: uint256, size: uint256):
    """
    @notice Have the Clearinghouse fill `size` of the quote with the account `taker`.
    """
    buyer: uint256 = maker.account
    seller: uint256 = taker
    if not maker.is_buy:
        buyer = taker
        seller = maker.account
    if maker.instrument < quotes.SPOT:
        extcall CLEARINGHOUSE.fill_perp(
            maker.instrument, buyer, seller, size, maker.price, maker.is_buy
        )
    else:
        extcall CLEARINGHOUSE.fill_spot(
            maker.instrument - quotes.SPOT,
            buyer,
            seller,
            size,
            maker.price,
            maker.is_buy,
        )
