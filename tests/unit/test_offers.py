"""Quotes that are offered to the keeper: written, read, and by whom they are signed."""

import json
from dataclasses import replace

import pytest

from keeper.offers import (
    LARGEST,
    MOST,
    Folder,
    Offer,
    dump_offer,
    find_signer,
    load_offer,
    sign_offer,
)
from keeper.signing import local_account
from specs.quotes import Quote, TwoSided, compute_domain
from specs.signatures import ORDER

KEY = local_account("maker")
DOMAIN = compute_domain(1337, "0x" + "12" * 20)
ONE = Quote(5 << 96, 2**128 + 1, True, 10, 1, 7, 2**255, 2**40)
TWO = TwoSided(5 << 96, 2**128 + 1, 6, 7, 10, 1, 2**256 - 1, 2**40)
QUOTES = pytest.mark.parametrize("quote", [ONE, TWO, replace(ONE, is_buy=False)])


@QUOTES
def test_what_is_handed_over_is_what_was_signed(quote, tmp_path):
    offer = sign_offer(KEY, DOMAIN, quote)
    folder = Folder(tmp_path / "offers")
    assert folder.offered() == []
    folder.add(offer)
    assert folder.offered() == [offer]
    assert find_signer(DOMAIN, offer) == int(KEY.address, 16)


@QUOTES
def test_another_quote_or_desk_has_another_signer(quote):
    offer = sign_offer(KEY, DOMAIN, quote)
    changed = Offer(replace(quote, size=11), offer.signature)
    assert find_signer(DOMAIN, changed) != int(KEY.address, 16)
    other = compute_domain(1, "0x" + "12" * 20)
    assert find_signer(other, offer) != int(KEY.address, 16)


def test_what_the_desk_refuses_is_nobody_s_signature():
    offer = sign_offer(KEY, DOMAIN, ONE)
    data = offer.signature
    high = (ORDER - int.from_bytes(data[32:64], "big")).to_bytes(32, "big")
    for spoiled in (
        b"",
        data[:64],
        data + b"\0",
        data[:64] + bytes([data[64] - 27]),
        data[:32] + high + bytes([55 - data[64]]),
        bytes(64) + data[64:],
        b"\xff" * 32 + data[32:],
    ):
        assert find_signer(DOMAIN, Offer(ONE, spoiled)) is None


def changed(**values):
    found = json.loads(dump_offer(sign_offer(KEY, DOMAIN, ONE)))
    return json.dumps(found | values)


def field(**values):
    quote = json.loads(dump_offer(sign_offer(KEY, DOMAIN, ONE)))["quote"]
    return changed(quote=quote | values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "[" * 3_000,
        changed(kind="Report"),
        changed(kind=[]),
        changed(quote={}),
        changed(quote=7),
        changed(signature="no hex"),
        changed(signature=7),
        field(more="1"),
        field(size="-1"),
        field(size="1.5"),
        field(size=1),
        field(size=True),
        field(size=str(2**256)),
        field(is_buy="1"),
    ],
)
def test_what_is_no_offer_is_passed_over(text, tmp_path):
    with pytest.raises(ValueError, match=r"."):
        load_offer(text)
    folder = Folder(tmp_path)
    offer = sign_offer(KEY, DOMAIN, ONE)
    (tmp_path / "0.json").write_text(text)
    (tmp_path / "1.json").write_bytes(b"\xff\xfe")
    (tmp_path / "2.json").mkdir()
    (tmp_path / "3.json").write_text(dump_offer(offer) + " " * LARGEST + "x")
    folder.add(offer)
    assert set(folder.offered()) == {offer}


def test_no_more_files_than_so_many_are_read(tmp_path):
    text = dump_offer(sign_offer(KEY, DOMAIN, ONE))
    for number in range(MOST + 1):
        (tmp_path / f"{number}.json").write_text(text)
    assert len(Folder(tmp_path).offered()) == MOST
