"""
All accounts in memory, kept up to date by the chain's events.

``feed`` follows the Clearinghouse's events and reads the storage of the accounts that
they name, into ``columns``; ``estimate`` bounds the health of all accounts at once, and
``scan`` computes that of whoever may be below maintenance margin exactly, as the
specification does. ``check`` compares what is remembered with the chain; ``store``
keeps it on disk; ``sight`` hands it to the keeper's jobs.
"""
