"""Inputs and outputs of products."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from distro_api.core.errors import NotSupportedYet
from distro_api.core.money import Amount
from distro_api.core.schemas import Code, Command, LongText, Name, Out, Patch, Reason, ShortText
from distro_api.inventory.models import Mode
from distro_api.products.kinds import KINDS, Attributes
from distro_api.products.models import Fulfilment, ProductKind, ProductStatus, RealName

MAX_SKUS = 100

Units = Annotated[int, Field(ge=1, le=10_000, strict=True, description="Units of the item that one piece takes")]
SkuAttributes = Annotated[dict[Name, ShortText], Field(max_length=20)]


class StockIn(Command):
    """Units of one of your inventory items."""

    item_id: UUID
    units: Units


StockList = Annotated[
    list[StockIn], Field(min_length=1, max_length=20, description="Default: the product's own item × `units`")
]


def _distinct_items(stock: list[StockIn] | None) -> None:
    if stock is not None and len({take.item_id for take in stock}) < len(stock):
        raise ValueError("同一库存项只能出现一次 / name each item once")


class CreateSku(Command):
    name: Name
    code: Annotated[Code | None, Field(description="Your own article number, unique among your SKUs")] = None
    list_price: Amount
    cost_price: Amount | None = None
    units: Units = 1
    stock: StockList | None = None
    attributes: SkuAttributes = {}

    @model_validator(mode="after")
    def _items(self) -> Self:
        _distinct_items(self.stock)
        return self


class PatchSku(Patch):
    """With `id`: edits that SKU, or removes it; without: adds one (then name and list_price are needed)."""

    clearable: ClassVar[frozenset[str]] = frozenset({"code", "cost_price", "stock", "id"})

    id: UUID | None = None
    remove: bool = False
    name: Name | None = None
    code: Code | None = None
    list_price: Amount | None = None
    cost_price: Amount | None = None
    units: Units | None = None
    stock: StockList | None = None
    attributes: SkuAttributes | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _distinct_items(self.stock)
        if self.remove and (self.id is None or self.model_fields_set - {"id", "remove"}):
            raise ValueError("删除规格只需 id / to remove a SKU send its id and nothing else")
        if self.id is None and (self.name is None or self.list_price is None):
            raise ValueError("新增规格需要 name 和 list_price / a new SKU needs name and list_price")
        return self

    def as_new(self) -> CreateSku:
        """The same as the SKU to add."""
        return CreateSku.model_validate(self.model_dump(exclude_unset=True, exclude={"id", "remove"}))


class CreateProduct(Command):
    kind: ProductKind
    name: Name
    description: LongText | None = None
    category_id: UUID | None = None
    brand_id: UUID | None = None
    images: Annotated[list[UUID], Field(max_length=50, description="Not supported yet: leave empty")] = []
    attributes: Annotated[Attributes | None, Field(description="By kind; `kind` in it may be left out")] = None
    stock_mode: Mode
    fulfilment: Fulfilment
    real_name: RealName = RealName.NONE
    skus: Annotated[list[CreateSku], Field(min_length=1, max_length=MAX_SKUS)]
    combo: Annotated[JsonValue, Field(description="Not supported yet")] = None

    @model_validator(mode="before")
    @classmethod
    def _attributes_know_their_kind(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("kind") not in tuple(ProductKind):
            return data
        if (kind := ProductKind(data["kind"])) not in KINDS:
            raise NotSupportedYet(feature=f"kind {kind.value}")
        given = data.get("attributes")
        if given is None or isinstance(given, dict):
            return data | {"attributes": {"kind": kind.value} | (given or {})}
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.attributes is not None and self.attributes.kind != self.kind:
            raise ValueError("attributes.kind 与 kind 不符 / attributes.kind is another kind")
        return self


class EditProduct(Patch):
    """Only what is sent changes. Of a live product, edits of what is sold go to review again."""

    clearable: ClassVar[frozenset[str]] = frozenset({"description", "category_id", "brand_id"})

    name: Name | None = None
    description: LongText | None = None
    category_id: UUID | None = None
    brand_id: UUID | None = None
    images: Annotated[list[UUID] | None, Field(max_length=50, description="Not supported yet: leave empty")] = None
    attributes: Annotated[
        dict[str, JsonValue] | None, Field(max_length=50, description="Replaces them all; by kind as in POST")
    ] = None
    stock_mode: Mode | None = None
    fulfilment: Fulfilment | None = None
    real_name: RealName | None = None
    skus: Annotated[
        list[PatchSku] | None,
        Field(max_length=MAX_SKUS, description="Those named change; what is not named stays as it is"),
    ] = None

    @model_validator(mode="after")
    def _each_sku_once(self) -> Self:
        ids = [sku.id for sku in self.skus or () if sku.id is not None]
        if len(set(ids)) < len(ids):
            raise ValueError("同一规格只能出现一次 / name each SKU once")
        return self


class RejectProduct(Command):
    reason: Reason


class StockOut(Out):
    item_id: UUID
    units: Annotated[int, Field(description="Units of the item that one piece takes")]


class SkuOut(Out):
    id: UUID
    name: str
    code: str | None
    list_price: Annotated[int, Field(description="Fen")]
    cost_price: Annotated[int | None, Field(description="Fen")]
    units: int
    stock: list[StockOut]
    attributes: dict[str, str]


class ProductOut(Out):
    id: UUID
    supplier_id: UUID
    product_code: str
    kind: ProductKind
    name: str
    description: str | None
    category_id: UUID | None
    brand_id: UUID | None
    attributes: Annotated[dict[str, Any], Field(description="By kind")]
    stock_mode: Mode
    item_id: Annotated[UUID | None, Field(description="The product's own inventory item")]
    fulfilment: Fulfilment
    real_name: RealName
    status: ProductStatus
    submitted_at: datetime | None
    review_due_at: Annotated[datetime | None, Field(description="Two working days after submission")]
    reject_reason: str | None
    skus: list[SkuOut]
    created_at: datetime
    updated_at: datetime
    version: int


class NameLabel(Command):
    """A category or a brand."""

    name: Name


class LabelOut(Out):
    """A category or a brand, the same for the whole platform."""

    id: UUID
    name: str
    created_at: datetime
    version: int
