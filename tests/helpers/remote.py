"""A chain served to another process, so that the process can be killed."""

from keeper.chain.interface import Refused

METHODS = ("chain_id", "block", "call", "send", "storage", "code", "at")


class RemoteChain:
    """The keeper's side: every question goes through `connection`."""

    def __init__(self, connection):
        self._connection = connection

    @property
    def chain_id(self):
        return self._ask("chain_id")

    def __getattr__(self, method):
        if method not in METHODS:
            raise AttributeError(method)
        return lambda *rest, **named: self._ask(method, *rest, **named)

    def _ask(self, method, *arguments, **named):
        self._connection.send((method, arguments, named))
        kind, answer = self._connection.recv()
        if kind == "refused":
            raise Refused(answer)
        return answer


def answer(chain, question):
    """The chain's side: what to send back for one question."""
    method, arguments, named = question
    found = getattr(chain, method)
    try:
        return "answer", found(*arguments, **named) if callable(found) else found
    except Refused as refusal:
        return "refused", refusal.reason
