"""What products do for their callers."""

from distro_api.products.service.catalogue import bump_all_catalogues, bump_catalogue
from distro_api.products.service.create import create_product
from distro_api.products.service.edit import edit_product
from distro_api.products.service.labels import create_label, delete_label, rename_label
from distro_api.products.service.life import (
    approve_product,
    delete_product,
    publish_product,
    reject_product,
    submit_product,
    unpublish_product,
)

__all__ = [
    "approve_product",
    "bump_all_catalogues",
    "bump_catalogue",
    "create_label",
    "create_product",
    "delete_label",
    "delete_product",
    "edit_product",
    "publish_product",
    "reject_product",
    "rename_label",
    "submit_product",
    "unpublish_product",
]
