"""Refusals of products."""

from distro_api.core.errors import Conflict, Text, Unprocessable


class ProductInUse(Conflict):
    code, title = (
        "product_in_use",
        Text("产品已被引用，不能删除", "Something refers to this product: it cannot be deleted"),
    )
    detail = Text("可将其下架", "It can be taken off sale")


class LabelInUse(Conflict):
    code, title = "label_in_use", Text("仍有产品使用，不能删除", "Products still use it: it cannot be deleted")


class LabelTaken(Conflict):
    code, title = "label_taken", Text("名称已存在", "This name is there already")


class SkuCodeTaken(Conflict):
    code, title = "sku_code_taken", Text("规格编码已被使用", "Another SKU of yours has this code")


class LastSku(Conflict):
    code, title = "last_sku", Text("产品至少需要一个规格", "A product needs at least one SKU")


class UnknownReference(Unprocessable):
    """A field names something that does not exist or belongs to somebody else."""

    code, title = "unknown_reference", Text("引用的对象不存在", "A field names something that is not there")
    detail = Text("字段 {field}：未找到 {ids}", "Field {field}: not found: {ids}")


class FulfilmentNotForKind(Unprocessable):
    code, title = "fulfilment_not_for_kind", Text("该类产品不支持此履约方式", "This kind is not fulfilled that way")
    detail = Text("可选：{allowed}", "Possible: {allowed}")
