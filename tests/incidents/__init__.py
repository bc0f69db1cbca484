"""
What has cost others money, played here: one test or more for each incident.

Each test plays an attack on the contracts, and on the specification beside them where
there is one, says what happened elsewhere and which rule answers it here, and asks what
the attacker ends with. `D` numbers are stable, as those of the invariants are. What
guards against each is weakened in `tests/mutants/incident_guards.py`.

| id | what it was | played in |
| --- | --- | --- |
| D1 | gains on a pumped price were lent out | margin |
| D2 | a vault inherited a position without margin | liquidation, margin |
| D3 | a vault had to take what came | deleveraging, governance, liquidation, prices |
| D4 | deleveraging closed more than needed, by a ranking | deleveraging, liquidation |
| D5 | a debt stayed somebody's, and the first to leave were paid | resolution |
| D6 | collateral was valued on the venue's own book | prices |
| D7 | a restart on old prices; insurance too late | deleveraging, prices, resolution |
| D8 | a hundred wallets rolled their gains into one position | margin |
| D9 | stolen keys made a worthless coin collateral | governance |
| D10 | an index was set back to zero | prices |
| D11 | sums over positions were stale in another contract | reentrancy |
| D12 | crumbs of collateral held up the resolution of a debt | resolution |
| D13 | a gift skipped the check of health before a liquidation | liquidation, margin |
| D14 | the compiler gave each function a lock of its own | reentrancy |
| D15 | a view told what never held to who asked from within | reentrancy |
| D16 | fees or gifts raised the price of a share in an empty market | rounding |
| D17 | a division by nothing stopped a liquidation or a market | liveness |
| D18 | many small amounts were each rounded in the trader's favour | rounding |
| D19 | a debt was rounded to nothing; a repayment was refused | rounding |
| D20 | a liquidation grew a size, or was put off | book, liquidation, orders, slices |
| D21 | sums of market and accounts parted where a price was missing | liveness |
| D22 | who opened and liquidated himself had the reward | liquidation, slices |
| D23 | funding rounded away, failed orders came again | book, rounding |
| D24 | a bankruptcy was decided without checks | margin, reentrancy, resolution |
| D25 | interest of a long time did not fit, and stopped a pool | liveness |
| D26 | who traded chose among prices of different ages | prices |
| D27 | fees the wrong way, reserves kept, a heap of dead orders | book, orders |
| D28 | a new share of fees was taken of the past | governance |
| D29 | at full utilisation nothing was paid out to liquidate | liquidation, slices |
| D30 | an emptied pool began again at what was left in it | rounding |

An incident without a test has `none: ` and the reason instead of files. Left out of the
above: the race of D10's database, for a chain writes in one order; the fees of D16's
flash loans, of which there are none; D14's compilers, which can't compile this.
"""
