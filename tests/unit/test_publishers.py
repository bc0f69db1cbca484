"""What a panel says: two of three right and on time, whatever the third does."""

from collections import Counter

import pytest
from eth_account import Account

from keeper.prices import START_PRICES
from keeper.publishers import GRAIN, QUORUM, Panel
from keeper.signing import local_account, sign_digest

PANEL = Panel([local_account(f"publisher {place}") for place in range(3)], seed=5)
ROUNDS = range(1000, 11_000, 10)


def error(report):
    price = START_PRICES["BTC"]
    return abs(report.prices["BTC"] - price) * 10**6 // price


def fate(reports, now):
    if len(reports) == 2:
        return "silent"
    if any(report.time != now for report in reports):
        return "late"
    return "wrong" if max(map(error, reports)) > 1000 else "good"


def test_quorum_is_always_right_and_on_time():
    for now in ROUNDS:
        reports = PANEL.reports(START_PRICES, now)
        good = [r for r in reports if r.time == now and error(r) <= 50]
        assert len(good) >= QUORUM
        assert all(p % GRAIN == 0 for r in reports for p in r.prices.values())


def test_third_fails_in_every_way_sometimes():
    seen = Counter(fate(PANEL.reports(START_PRICES, now), now) for now in ROUNDS)
    assert 150 < seen["silent"] < 250
    assert 60 < seen["late"] < 140
    assert 60 < seen["wrong"] < 140


def test_every_publisher_is_the_weak_one_sometimes():
    present = Counter(
        report.publisher
        for now in ROUNDS
        for report in PANEL.reports(START_PRICES, now)
    )
    assert all(900 < present[place] < 970 for place in range(3))


def test_panel_depends_on_seed_and_time_alone():
    again = Panel(PANEL.signers, seed=5)
    other = Panel(PANEL.signers, seed=6)
    assert again.reports(START_PRICES, 70) == PANEL.reports(START_PRICES, 70)
    assert other.reports(START_PRICES, 70) != PANEL.reports(START_PRICES, 70)


@pytest.mark.parametrize("place", range(3))
def test_report_is_signed_by_its_publisher(place):
    report = next(
        r
        for now in ROUNDS
        for r in PANEL.reports(START_PRICES, now)
        if r.publisher == place
    )
    digest = bytes(range(32))
    signature = PANEL.sign(report, digest)
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    signer = Account._recover_hash(digest, signature=signature)
    assert signer == PANEL.addresses[place]


class Declining:
    address = "0x" + "11" * 20

    def sign_raw_msghash(self, msghash):
        return None


def test_user_may_decline_to_sign():
    with pytest.raises(PermissionError, match="declined to sign"):
        sign_digest(Declining(), bytes(32))
