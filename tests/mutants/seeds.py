"""Look for the seed that meets each mutant of the specification, and write them."""

import json
import multiprocessing

from tests.mutants.book_catalogue import BOOK_MUTANTS
from tests.mutants.catalogue import SPEC_MUTANTS
from tests.mutants.test_spec_mutants import FOUND, name_of, search
from tests.stateful import book_walk, walk


def find(job):
    """Return a mutant's name and its seed; none if no walk meets it."""
    mutant, path = job
    return name_of(mutant), search(mutant, path)


def main():
    """Search with every core."""
    jobs = [(mutant, walk.wander) for mutant in SPEC_MUTANTS]
    jobs += [(mutant, book_walk.wander) for mutant in BOOK_MUTANTS]
    with multiprocessing.Pool() as pool:
        found = dict(pool.imap_unordered(find, jobs))
    FOUND.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    survivors = [name for name, seed in found.items() if seed is None]
    print(f"{len(found)} mutants, {len(survivors)} survive", *survivors, sep="\n")


if __name__ == "__main__":
    main()
