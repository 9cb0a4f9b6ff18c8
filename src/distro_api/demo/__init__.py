"""The demo data: a whole market with sixty days of orders, made once through the real code."""

from distro_api.demo.loader import NotEmpty, is_empty, load
from distro_api.demo.season import DemoIncomplete

__all__ = ["DemoIncomplete", "NotEmpty", "is_empty", "load"]
