"""Price files good and bad, the built-in crash, and exchanges that fail."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.errors import UserError
from keeper.prices import START_PRICES, WAD
from keeper.prices.file import PriceFileError, parse_time, read_prices, show_time
from keeper.prices.live import LivePrices, live_prices
from keeper.prices.path import RowPath
from keeper.prices.seeded import seeded_prices

FIRST, SECOND = "2023-03-10T20:00:00Z", "2023-03-10T20:01:00Z"
T0 = 1_678_478_400
GOOD = f"time,BTC,USDT\n{FIRST},20000,1.5\n{SECOND},20060.000000000000000001,1\n"


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "prices.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_prices_are_linear_between_rows(write):
    path = read_prices(write(GOOD))
    assert (path.start, path.end, path.rows) == (T0, T0 + 60, 2)
    assert path.price_at(T0 + 1)["BTC"] == 20_001 * WAD
    assert path.price_at(T0 + 59)["BTC"] == 20_059 * WAD
    assert path.price_at(T0 + 60)["BTC"] == 20_060 * WAD + 1
    assert path.price_at(T0 + 30)["USDT"] == 125 * WAD // 100


def test_asset_without_a_column_keeps_its_start_price(write):
    prices = read_prices(write(GOOD)).price_at(T0 + 7)
    assert list(prices) == list(START_PRICES)
    assert prices["ETH"] == START_PRICES["ETH"]


def test_path_can_be_cut(write):
    path = read_prices(write(GOOD), T0 + 10, T0 + 60)
    assert (path.start, path.end, path.rows) == (T0 + 10, T0 + 60, 1)
    with pytest.raises(ValueError, match="is not in"):
        path.price_at(T0 + 9)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (T0 - 1, None, "--from: 2023-03-10T19:59:59Z is not in .*: the prices run"),
        (None, T0 + 61, "--to: 2023-03-10T20:01:01Z is not in"),
        (T0 + 9, T0 + 8, "--to: .* is before --from"),
    ],
)
def test_cut_outside_the_file_is_refused(write, start, end, words):
    with pytest.raises(UserError, match=words):
        read_prices(write(GOOD), start, end)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        GOOD + "\n\r\n",
        GOOD.replace("Z", "+00:00"),
        GOOD.replace("20000", "2e4"),
    ],
    ids=["mark", "crlf", "no last newline", "blank lines", "offset", "exponent"],
)
def test_harmless_forms_say_the_same(write, content):
    path, expected = write(content), read_prices(write(GOOD))
    path = read_prices(write(content))
    assert (path.times, path.columns) == (expected.times, expected.columns)


def row(line, time="2023-03-10T20:02:00Z"):
    return GOOD + f"{time},{line}\n"


BAD = {
    "empty": ("", "1: file: is empty"),
    "blank": (" \n\n", "1: file: is empty"),
    "mark only": (b"\xef\xbb\xbf", "1: file: is empty"),
    "no text": (GOOD.encode() + b"\xff\xfe,1,1", "4: file: is no text"),
    "zero byte": (GOOD + "\0", "4: file: is no text"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "1: file: is no text"),
    "header only": ("time,BTC\n", "1: time: no rows"),
    "no prices": (f"time\n{FIRST}\n", "1: time: no column of prices"),
    "no time": ("BTC,ETH\n1,1\n", "1: time: the column is missing"),
    "unknown": ("time,DOGE\n", "1: DOGE: unknown column; there are time, BTC"),
    "USDC": ("time,USDC\n", "1: USDC: unknown column"),
    "nameless": ("time,BTC,\n", "1: (no name): unknown column"),
    "twice": ("time,BTC,BTC\n", "1: BTC: the column is there twice"),
    "semicolons": ("time;BTC\n", "1: time;BTC: unknown column"),
    "no header": (f"{FIRST},1\n", f"1: {FIRST}: unknown column"),
    "short": (row("20000"), "4: USDT: short row: 2 of 3 fields"),
    "long": (row("20000,1,7"), "4: row: long row: 4 fields, not 3"),
    "gap": (GOOD.replace("\n2", "\n\n2", 1), "2: time: short row: 0 of 3"),
    "quote": (row('"20000,1'), "4: row: is no CSV"),
    "unsorted": (row("20000,1", "2023-03-10T19:00:00Z"), "4: time: is not sorted"),
    "repeated": (row("20000,1", SECOND), "4: time: repeats the row before"),
    "no price": (row(",1"), "4: BTC: is empty"),
    "no moment": (row("20000,1", ""), "4: time: is empty"),
    "nan": (row("nan,1"), "4: BTC: is no number: 'nan'"),
    "infinite": (row("20000,inf"), "4: USDT: is no number: 'inf'"),
    "zero": (row("20000,0.0"), "4: USDT: is zero"),
    "negative": (row("-20000,1"), "4: BTC: is negative: -20000"),
    "spaces": (row(" 20000,1"), "4: BTC: is no number: ' 20000'"),
    "underscore": (row("20_000,1"), "4: BTC: is no number"),
    "other digits": (row("\uff120000,1"), "4: BTC: is no number"),
    "huge": (row("1e999,1"), "4: BTC: is absurd"),
    "tiny": (row("20000,1e-30"), "4: USDT: is absurd"),
    "jump": (row("20000,10.1"), "4: USDT: is absurd"),
    "drop": (row("2000,1"), "4: BTC: is absurd"),
    "words": (row("20000,1", "yesterday"), "4: time: is no time: 'yesterday'"),
    "no such day": (row("20000,1", "2023-02-30T00:00:00Z"), "4: time: is no time"),
    "no zone": (row("20000,1", "2023-03-10T21:00:00"), "4: time: has no time zone"),
    "other zone": (row("2,1", "2023-03-10T21:00:00+01:00"), "4: time: is not in UTC"),
    "fraction": (row("2,1", "2023-03-10T21:00:00.5Z"), "4: time: has a fraction"),
    "old": (row("2,1", "1960-01-01T00:00:00Z"), "4: time: is before 1970"),
    "seconds": (row("20000,1", "1678478520"), "4: time: is no time"),
}


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD)
def test_bad_file_gets_one_line(write, content, words):
    path = write(content)
    with pytest.raises(PriceFileError) as error:
        read_prices(path)
    assert str(error.value).startswith(f"{path}:{words}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "words"), [("none.csv", "No such file"), ("", "Is a directory")]
)
def test_file_that_cannot_be_read_is_named(tmp_path, name, words):
    path = tmp_path / name
    with pytest.raises(
        PriceFileError, match=f"{path}:1: file: cannot be read: {words}"
    ):
        read_prices(path)


@given(st.integers(0, 2**37))
def test_times_are_shown_as_they_are_read(time):
    assert parse_time(show_time(time)) == time


prices = st.integers(1, 10**30)


@given(prices, prices, st.integers(1, 10**6), st.integers(0, 10**6))
def test_interpolation_is_exact_and_rounded_down(first, last, length, elapsed):
    elapsed = min(elapsed, length)
    path = RowPath("x", [7, 7 + length], {"BTC": [first, last]}, 7, 7 + length)
    found = path.price_at(7 + elapsed)["BTC"]
    exact = first * (length - elapsed) + last * elapsed
    assert found * length <= exact < (found + 1) * length
    assert path.price_at(7)["BTC"] == first
    assert path.price_at(7 + length)["BTC"] == last


def test_one_row_is_a_path():
    path = RowPath("x", [7], {"BTC": [3]}, 7, 7)
    assert path.price_at(7)["BTC"] == 3


@pytest.mark.parametrize("seed", range(20))
def test_crash_falls_by_a_quarter_and_recovers_in_part(seed):
    path = seeded_prices(seed)
    prices = [
        path.price_at(t)["BTC"] / WAD for t in range(path.start, path.end + 1, 10)
    ]
    assert prices[0] == 26_000
    assert min(prices[:25]) > 25_800
    assert 0.24 < 1 - min(prices) / 26_000 < 0.31
    assert min(prices) * 1.05 < prices[-1] < 25_000


def test_crash_is_the_seeds_alone():
    assert seeded_prices(3) == seeded_prices(3)
    assert seeded_prices(3).columns != seeded_prices(4).columns
    assert seeded_prices(3, start=5).price_at(5) == dict(START_PRICES)
    # Generators must not drift between Python versions: one figure to the wei.
    assert (
        seeded_prices(0).price_at(1_700_000_485)["BTC"]
        == 18_885_672_000_000_000_000_000
    )


class Exchange:
    """An exchange with these tickers, which fails for every other market."""

    def __init__(self, **tickers):
        self.tickers = {name.replace("_", "/"): at for name, at in tickers.items()}

    def fetch_ticker(self, symbol):
        if symbol not in self.tickers:
            raise TimeoutError(symbol)
        return {"last": self.tickers[symbol]}


FULL = {"BTC_USDC": 100.0, "ETH_USDC": 10, "SOL_USDC": 1.5, "USDT_USDC": 0.5}


def test_live_price_is_the_median_of_who_answers(caplog):
    dear = Exchange(**{**FULL, "BTC_USDC": 102.0})
    in_usdt = Exchange(USDC_USDT=2, BTC_USDT=202.0)
    names = {"a": Exchange(**FULL), "b": dear, "c": in_usdt, "d": Exchange()}
    found = LivePrices(names).price_at(0)
    assert found["BTC"] == 101 * WAD
    assert found["SOL"] == 15 * WAD // 10
    assert found["USDT"] == WAD // 2
    assert "d: no price of BTC/USDC" in caplog.text


@pytest.mark.parametrize("nonsense", [None, "nan", "text", 0, -1, 1e15])
def test_nonsense_is_left_out(nonsense):
    bad = Exchange(**{**FULL, "BTC_USDC": nonsense})
    assert LivePrices({"a": bad, "b": Exchange(**FULL)}).price_at(0)["BTC"] == 100 * WAD


def test_nobody_answering_gets_one_line():
    with pytest.raises(UserError, match="no exchange has a price for BTC; asked a, b"):
        LivePrices({"a": Exchange(), "b": Exchange()}).price_at(0)


def test_exchanges_are_asked_once_in_a_second():
    exchange = Exchange(**FULL)
    source = LivePrices({"a": exchange})
    source.price_at(1)
    exchange.tickers["BTC/USDC"] = 200.0
    assert source.price_at(1)["BTC"] == 100 * WAD
    assert source.price_at(2)["BTC"] == 200 * WAD


def test_exchanges_are_made_by_name(monkeypatch):
    monkeypatch.setitem(
        __import__("sys").modules,
        "ccxt",
        SimpleNamespace(
            exchanges=["a"], a=lambda _: Exchange(**FULL), BaseError=OSError
        ),
    )
    assert live_prices(["a"]).price_at(0)["ETH"] == 10 * WAD
    with pytest.raises(UserError, match="unknown exchange b"):
        live_prices(["b"])
