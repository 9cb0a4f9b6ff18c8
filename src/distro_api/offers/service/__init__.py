"""What other rooms ask of offers. The name `quote` here is the function; the module of that name holds what it makes."""

from distro_api.offers.service.quote import Quote, QuotedLine, Step, StockTake
from distro_api.offers.service.quoting import quote
from distro_api.offers.service.terms import Terms

__all__ = ["Quote", "QuotedLine", "Step", "StockTake", "Terms", "quote"]
