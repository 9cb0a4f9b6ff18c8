"""How a call to somebody else's service fails: in a way that may pass, or for good."""


class OutsideError(Exception):
    """The service did not do what was asked.

    `code` is the service's own word for it; what else it said is left out, because it may repeat a person's number.
    """

    def __init__(self, service: str, code: str) -> None:
        super().__init__(f"{service}: {code}")
        self.service, self.code = service, code


class Unavailable(OutsideError):
    """It may do it later: no answer in time, an error of its own, too many requests, an empty purse.

    No answer does not mean that nothing was done.
    """


class Refused(OutsideError):
    """The same request will be refused again."""
