"""What each kind of product has of its own: one file a kind, found by being here."""

from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from distro_api.core.errors import NotSupportedYet, ValidationFailed
from distro_api.products.kinds.base import KindAttributes
from distro_api.products.models import ProductKind

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

KINDS: Mapping[ProductKind, type[KindAttributes]] = {
    ProductKind(kind.model_fields["kind"].default): kind for kind in KindAttributes.__subclasses__()
}

if TYPE_CHECKING:
    Attributes = KindAttributes
else:  # one of the kinds found, told apart by `kind`
    Attributes = Annotated[reduce(or_, KINDS.values()), Field(discriminator="kind")]


def of_kind(kind: ProductKind) -> type[KindAttributes]:
    """The attributes of a kind.

    Raises:
        NotSupportedYet
    """
    if kind not in KINDS:
        raise NotSupportedYet(feature=f"kind {kind.value}")
    return KINDS[kind]


def parse(kind: ProductKind, value: Mapping[str, Any]) -> KindAttributes:
    """`value` as the attributes of a kind that is known already.

    Raises:
        ValidationFailed: it does not fit.
    """
    try:
        return of_kind(kind).model_validate(value)
    except ValidationError as error:
        items = [
            {"loc": ["body", "attributes", *item["loc"]], "code": item["type"], "message": item["msg"]}
            for item in error.errors()
        ]
        raise ValidationFailed(errors=items) from error
