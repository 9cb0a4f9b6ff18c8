"""The third supplier: specialities of Fujian, sent by parcel. Real places, an invented shop."""

from distro_api.demo.plans import YUAN, ProductPlan, SkuPlan, SupplierPlan, barcode
from distro_api.inventory.models import Mode
from distro_api.products.models import Fulfilment, ProductKind

TEA, DRIED, CAKES, FRUIT, BOXES = "茶叶", "山珍干货", "糕点零食", "时令水果", "节庆礼盒"
BY_AIR = "默认顺丰速运发货，港澳台及海外暂不支持。"
BY_ROAD = "默认京东快递或中通快递发货，偏远地区改由中国邮政发货。"
FRESH = "鲜果由顺丰速运冷链发货，签收后二十四小时内可报坏果。"


def _goods(
    number: int,
    name: str,
    about: str,
    category: str,
    packs: tuple[tuple[str, str, int, int], ...],
    *,
    stock: int,
    weight_g: int,
    shipping: str = BY_ROAD,
    weight: int = 4,
) -> ProductPlan:
    """Goods in packs of (code, name, yuan, units of the common stock)."""
    return ProductPlan(
        name,
        about,
        category,
        tuple(
            SkuPlan(
                code,
                pack,
                yuan * YUAN,
                units=units,
                weight=4 if units == 1 else 2,
                usual=(1, 6),
                attributes=(("条码", barcode(number * 10 + units)),),
            )
            for code, pack, yuan, units in packs
        ),
        kind=ProductKind.RETAIL,
        mode=Mode.TOTAL,
        fulfilment=Fulfilment.SHIPMENT,
        capacity=(stock, stock),
        weight=weight,
        attributes=(("weight_g", weight_g), ("shipping_note", shipping)),
    )


PRODUCTS = (
    _goods(
        1,
        "武夷岩茶大红袍礼盒",
        "岩骨花香，中足火焙制。",
        TEA,
        (("YANCHA-125", "一百二十五克装", 168, 1), ("YANCHA-250", "二百五十克装", 318, 2)),
        stock=6000,
        weight_g=600,
        shipping=BY_AIR,
        weight=9,
    ),
    _goods(
        2,
        "福鼎白茶饼",
        "寿眉压制，可存放。",
        TEA,
        (("BAICHA-1", "单饼", 128, 1), ("BAICHA-3", "三饼装", 358, 3)),
        stock=6000,
        weight_g=400,
        shipping=BY_AIR,
        weight=7,
    ),
    _goods(
        3,
        "安溪铁观音清香型",
        "当季新茶，小泡真空包装。",
        TEA,
        (("TIEGUANYIN-250", "二百五十克装", 98, 1), ("TIEGUANYIN-500", "五百克装", 186, 2)),
        stock=8000,
        weight_g=350,
        weight=6,
    ),
    _goods(
        4, "古田银耳", "朵大易出胶。", DRIED, (("YINER-200", "二百克装", 46, 1),), stock=9000, weight_g=300, weight=5
    ),
    _goods(
        5,
        "建宁通心白莲",
        "通心去芯，当年新莲。",
        DRIED,
        (("BAILIAN-500", "五百克装", 79, 1),),
        stock=8000,
        weight_g=560,
    ),
    _goods(6, "莆田桂圆干", "肉厚核小。", DRIED, (("GUIYUAN-500", "五百克装", 52, 1),), stock=8000, weight_g=560),
    _goods(7, "霞浦紫菜", "头水紫菜，免洗。", DRIED, (("ZICAI-100", "一百克装", 29, 1),), stock=12000, weight_g=180),
    _goods(8, "长汀豆腐干", "五香与微辣各半。", CAKES, (("DOUFUGAN-10", "十袋装", 39, 1),), stock=9000, weight_g=800),
    _goods(9, "闽式肉松", "原味，罐装。", CAKES, (("ROUSONG-2", "两罐装", 68, 1),), stock=7000, weight_g=700),
    _goods(
        10, "古早味绿豆糕", "低糖，独立小包。", CAKES, (("LVDOUGAO-20", "二十枚装", 45, 1),), stock=9000, weight_g=650
    ),
    _goods(
        11,
        "永春芦柑礼箱",
        "产地现摘，净重五斤。",
        FRUIT,
        (("LUGAN-5", "五斤装", 58, 1), ("LUGAN-10", "十斤装", 99, 2)),
        stock=5000,
        weight_g=2800,
        shipping=FRESH,
    ),
    _goods(
        12,
        "闽岚年节山货礼盒",
        "银耳、白莲、桂圆、紫菜四味合装，可代写贺卡。",
        BOXES,
        (("GIFTBOX", "标准礼盒", 268, 1),),
        stock=6000,
        weight_g=2100,
        shipping=BY_AIR,
        weight=6,
    ),
    _goods(
        13,
        "员工福利茶点礼包",
        "企业集采常备款，五十份起可印标识。",
        BOXES,
        (("STAFFBOX", "标准礼包", 128, 1),),
        stock=12000,
        weight_g=1500,
        weight=5,
    ),
    ProductPlan(
        "闽岚茶点组合（门店自提）",
        "付款后凭手机号到门店自提，无需发货。",
        CAKES,
        (SkuPlan("PICKUP-SET", "双人份", 58 * YUAN, usual=(1, 4)),),
        kind=ProductKind.RETAIL,
        mode=Mode.TOTAL,
        fulfilment=Fulfilment.NONE,
        capacity=(5000, 5000),
        weight=3,
    ),
)

SUPPLIER = SupplierPlan(
    username="supplier3",
    name="闽岚里山货商行有限公司",
    contact="林沐阳",
    brand="闽岚里",
    products=PRODUCTS,
    waiting=(
        _goods(
            21, "手工米粉", "晾晒米粉，待平台审核。", DRIED, (("MIFEN-1000", "两斤装", 36, 1),), stock=0, weight_g=1100
        ),
    ),
    drafts=(),
    refused=(
        (
            _goods(22, "野生菌干货礼包", "混合菌菇。", DRIED, (("YESHENGJUN", "礼包", 188, 1),), stock=0, weight_g=500),
            "请提供菌菇品种清单与检验报告后再提交。",
        ),
    ),
    withdrawn=(
        _goods(
            23,
            "中秋手作月饼礼盒",
            "季节商品，已下架。",
            BOXES,
            (("MOONCAKE", "八枚装", 158, 1),),
            stock=0,
            weight_g=1200,
        ),
    ),
    agency_name="社区团长佣金",
    agency_percent="8.50",
    gates=(),
)
