"""What other rooms ask of offers. The quote of a placement is made by `quoting.quote`."""

from distro_api.offers.service.quote import Quote, QuotedLine, Step, StockTake
from distro_api.offers.service.terms import Terms

__all__ = ["Quote", "QuotedLine", "Step", "StockTake", "Terms"]
