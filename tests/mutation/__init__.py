"""
Mutation testing: small faults in contracts and specification, and what notices them.

`python -m tests.mutation` tries the sample and writes `score.json`; see `__main__`.
"""
