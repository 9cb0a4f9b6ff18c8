"""Files are written, kept, linked to, and swept away."""

from distro_api.files.service.contents import CSV, SUFFIX, XLSX, recognise
from distro_api.files.service.keeping import Draft, keep, remove, sweep, write
from distro_api.files.service.links import Links
from distro_api.files.service.storage import Storage, open_storage

__all__ = [
    "CSV",
    "SUFFIX",
    "XLSX",
    "Draft",
    "Links",
    "Storage",
    "keep",
    "open_storage",
    "recognise",
    "remove",
    "sweep",
    "write",
]
