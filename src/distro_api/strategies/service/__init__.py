"""What strategies do for their callers. Prices, limits and refund ladders are pure functions in modules of their own."""

from distro_api.strategies.service.calendar import Calendar, make_calendar
from distro_api.strategies.service.holidays import delete_holiday, fill_holidays, put_holiday
from distro_api.strategies.service.items import delete_item, put_items
from distro_api.strategies.service.limits import Limits, check_booking_window, check_quantity, parse_limits
from distro_api.strategies.service.manage import activate_strategy, create_strategy, edit_strategy, pause_strategy
from distro_api.strategies.service.pricing import Prices, Step, UnitPrice, built_in_prices, compile_prices
from distro_api.strategies.service.refunds import refund_fee

__all__ = [
    "Calendar",
    "Limits",
    "Prices",
    "Step",
    "UnitPrice",
    "activate_strategy",
    "built_in_prices",
    "check_booking_window",
    "check_quantity",
    "compile_prices",
    "create_strategy",
    "delete_holiday",
    "delete_item",
    "edit_strategy",
    "fill_holidays",
    "make_calendar",
    "parse_limits",
    "pause_strategy",
    "put_holiday",
    "put_items",
    "refund_fee",
]
