"""What other rooms ask of offers."""

from distro_api.offers.service.quote import Quote, QuotedLine, Step, StockTake

__all__ = ["Quote", "QuotedLine", "Step", "StockTake"]
