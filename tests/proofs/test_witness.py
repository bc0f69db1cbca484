"""A witness that was written down is read again, and stays only while it stands."""

import z3

from tests.proofs.lifter.solver import describe, find_model
from tests.proofs.proof import PROJECT
from tests.proofs.witness import Search, read, stands

_WORD = z3.BitVecSort(256)
_SLOT = z3.Function("slot5/1", _WORD, _WORD)
_ACCOUNT, _LOTS, _IS_BUY = z3.BitVec("account", 256), z3.Int("lots"), z3.Bool("is_buy")
_FACTS = [_SLOT(_ACCOUNT) > 2**100 + 1, _LOTS == 2**127 + 3, _IS_BUY]


def _named(text):
    return text.replace("slot5/1", "headers")


def _written(*facts):
    return _named(describe(find_model([*_FACTS, *facts])))


def test_what_is_written_down_is_read_and_stands():
    text = _written()
    assert "headers = [" in text
    assert "lots = 2^127 + 3" in text
    assert stands(_FACTS, read(text), _named)


def test_a_function_is_read_entry_by_entry():
    text = _written(_SLOT(7) == 9, _ACCOUNT == 8, _SLOT(8) == 2**101 - 5)
    known = read(text)
    assert stands(_FACTS, known, _named)
    entries = {key and key[0]: value for key, value in known["headers"]}
    assert "2^101 - 5" in entries.values()
    broken = text.replace("2^101 - 5", "0")
    assert not stands(_FACTS, read(broken), _named)


def test_a_word_that_breaks_a_fact_does_not_stand():
    assert not stands(_FACTS, read(_written().replace("+ 3", "+ 4")), _named)


def test_a_word_of_which_nothing_is_known_is_no_witness_of_this_claim():
    assert not stands(_FACTS, read(_written() + ", price = 1"), _named)
    assert not stands(_FACTS, read("headers = 0"), _named)
    assert not stands(_FACTS, read("lots = [else -> 1]"), _named)


def test_what_is_not_said_may_be_anything_that_there_is():
    assert stands(_FACTS, read("account = 1"), _named)
    assert not stands([*_FACTS, _LOTS < 0], read("account = 1"), _named)


def test_what_cannot_be_read_is_looked_for_again():
    for text in ("", "any input", "lots = x", "lots", "a = [1 -> 2]", "a = 1, a = 2"):
        assert read(text) is None
    search = Search("", said="nothing to be read")
    search.among(lambda: [_LOTS == 4])
    assert search.found == "lots = 4"


def test_a_witness_stays_though_another_one_comes_first():
    search = Search("", said="lots = 9")
    search.among(lambda: [_LOTS == 4])
    assert search.found == "lots = 4"
    search.among(lambda: [_LOTS > 8])
    assert search.found == "lots = 9"
    search.among(lambda: [_LOTS == 5])
    assert search.found == "lots = 9"


def test_of_what_helps_the_first_that_can_be_is_met():
    search = Search("", said="")
    search.among(lambda: [_LOTS > 3], ([_LOTS == 2], [_LOTS == 6], ()))
    assert search.found == "lots = 6"


def test_a_claim_about_nothing_has_no_witness():
    search = Search("", said="lots = 3")
    search.among(lambda: [_LOTS == 3, _LOTS > 3])
    assert not search.found


def test_of_a_mutant_none_is_looked_for():
    search = Search("", PROJECT / "elsewhere", said="lots = 3")
    search.among(lambda: [_LOTS == 3])
    assert not search.found


def test_negative_numbers_are_read_as_they_are_written():
    function = z3.Function("slot5/1", z3.IntSort(), z3.IntSort())
    for number in (-(2**127) - 2, -(2**128), -(2**128) + 5, -(10**30)):
        facts = [function(_LOTS) == number]
        text = describe(find_model(facts))
        assert stands(facts, read(text)), text
