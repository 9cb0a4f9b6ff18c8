"""Sixty days of orders, placed and followed through the lanes with the clock set back."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from uuid import UUID

import structlog

from distro_api.core import clock
from distro_api.core.errors import DomainError
from distro_api.core.lanes import Answer, Lanes
from distro_api.demo.fates import REASONS, REJECTIONS, SUPPLIERS_REASONS, Act, Event, Fates, Sale
from distro_api.demo.plans import SupplierPlan
from distro_api.demo.shopping import Basket, Shopping
from distro_api.demo.stage import Market, Stage
from distro_api.identity.principal import Principal
from distro_api.identity.service.audit import Actor
from distro_api.offers.service import Terms, quote
from distro_api.orders.service.commands import (
    Approve,
    Cancel,
    Close,
    Command,
    Pay,
    Place,
    RefundUnits,
    Reject,
)
from distro_api.orders.service.decide import Outcome
from distro_api.tickets.service.lane import Redeem, Reverse

log = structlog.get_logger()
OrderLanes = Lanes[Command, Outcome]
