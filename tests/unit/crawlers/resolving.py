"""A resolver for tests of which addresses may be reached."""

from types import SimpleNamespace


class Answers:
    """A resolver and its caller in one: gives the addresses it was made with, and keeps what comes through."""

    def __init__(self, *addresses):
        self.addresses = addresses
        self.reached = []
        self.done = False

    def resolveHostName(self, receiver, *_, **__):
        receiver.resolutionBegan(None)
        for address in self.addresses:
            receiver.addressResolved(SimpleNamespace(host=address))
        receiver.resolutionComplete()

    def resolutionBegan(self, _):
        pass

    def addressResolved(self, address):
        self.reached.append(address.host)

    def resolutionComplete(self):
        self.done = True
