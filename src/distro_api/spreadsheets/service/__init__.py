"""Sheets are declared, read, written and imported."""

from distro_api.spreadsheets.service.importing import Applied, Importer, Wording
from distro_api.spreadsheets.service.reading import Refused
from distro_api.spreadsheets.service.sheet import Column, Row, Sheet, refusing
from distro_api.spreadsheets.service.writing import Value, Writer, template

__all__ = [
    "Applied",
    "Column",
    "Importer",
    "Refused",
    "Row",
    "Sheet",
    "Value",
    "Wording",
    "Writer",
    "refusing",
    "template",
]
