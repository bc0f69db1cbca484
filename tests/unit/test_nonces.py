"""Nonces: each is used once, in any order, and only by those who may."""

import pytest

from specs import errors
from specs.accounts import WITHDRAW
from specs.nonces import UNUSED, compute_word, use, use_word

EDGES = [0, 1, 255, 256, 511, 2**128 + 77, 2**256 - 1]


@pytest.mark.parametrize("nonce", EDGES)
def test_a_cancelled_nonce_is_one_bit(world, nonce):
    account = world.accounts["maker"]
    world.cancel("maker", account, nonce)
    assert world.view("nonce_words", account, nonce // 256) == 1 << nonce % 256


@pytest.mark.parametrize("nonce", EDGES)
def test_a_nonce_is_cancelled_once(world, nonce):
    account = world.accounts["maker"]
    world.cancel("maker", account, nonce)
    with pytest.raises(errors.NonceUsed):
        world.cancel("maker", account, nonce)


def test_nonces_of_a_word_are_apart(world):
    account = world.accounts["maker"]
    for nonce in (7, 3, 255):
        world.cancel("maker", account, nonce)
    assert world.view("nonce_words", account, 0) == 1 << 7 | 1 << 3 | 1 << 255


def test_nonces_of_two_accounts_are_apart(world):
    world.cancel("maker", world.accounts["maker"], 5)
    assert world.view("nonce_words", world.accounts["taker"], 0) == 0
    world.cancel("taker", world.accounts["taker"], 5)


def test_cancel_word_adds_to_what_is_used(world):
    account = world.accounts["maker"]
    world.cancel("maker", account, 1)
    world.cancel_word("maker", account, 0, 0b110)
    world.cancel_word("maker", account, 0, 1 << 255)
    assert world.view("nonce_words", account, 0) == 0b110 | 1 << 255


def test_cancel_word_of_no_nonce_is_refused(world):
    with pytest.raises(errors.ZeroAmount):
        world.cancel_word("maker", world.accounts["maker"], 0, 0)


def test_the_last_word_can_be_cancelled(world):
    world.cancel_word("maker", world.accounts["maker"], 2**248 - 1, 1)


@pytest.mark.parametrize("word", [2**248, 2**256 - 1])
def test_cancel_word_beyond_the_nonces_is_refused(world, word):
    with pytest.raises(errors.OutOfBounds):
        world.cancel_word("maker", world.accounts["maker"], word, 1)


@pytest.mark.parametrize("caller", ["taker", "relayer"])
def test_strangers_cannot_cancel(world, caller):
    with pytest.raises(errors.NotAuthorised):
        world.cancel(caller, world.accounts["maker"], 0)
    with pytest.raises(errors.NotAuthorised):
        world.cancel_word(caller, world.accounts["maker"], 0, 1)


def test_an_operator_who_may_only_withdraw_cannot_cancel(world):
    world.set_operator("maker", "operator", WITHDRAW)
    with pytest.raises(errors.NotAuthorised):
        world.cancel("operator", world.accounts["maker"], 0)
    with pytest.raises(errors.NotAuthorised):
        world.cancel_word("operator", world.accounts["maker"], 0, 1)


def test_an_operator_who_may_trade_can_cancel(world):
    world.set_operator("maker", "operator")
    world.cancel("operator", world.accounts["maker"], 0)
    world.cancel_word("operator", world.accounts["maker"], 1, 1)


def test_words_follow_from_the_set():
    used = use(use(UNUSED, 9, 256), 9, 300)
    used = use_word(use(used, 8, 257), 9, 0, 0b101)
    assert compute_word(used, 9, 0) == 0b101
    assert compute_word(used, 9, 1) == 1 | 1 << 44
    assert compute_word(used, 8, 1) == 2
