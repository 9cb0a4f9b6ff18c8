"""The second and the fourth supplier: an indoor snow park and a museum, both invented."""

from distro_api.demo.plans import YUAN, ProductPlan, SkuPlan, SupplierPlan
from distro_api.inventory.models import Mode
from distro_api.products.models import Fulfilment, ProductKind

SNOW, FUN, EXHIBITION, GIFTS = "冰雪运动", "主题乐园", "博物馆展览", "文创礼品"
AT_GATE = (("validity", {"by": "date"}), ("entry_rules", "凭票码在闸机扫码入场，当日有效，雪服雪具另租。"))
AT_MUSEUM = (("validity", {"by": "date"}), ("entry_rules", "凭票码在检票口扫码入馆，周一闭馆。"))


def _pair(
    code: str, adult: int, child: int, adult_name: str = "成人票", child_name: str = "儿童票"
) -> tuple[SkuPlan, ...]:
    return (
        SkuPlan(f"{code}-ADULT", adult_name, adult * YUAN, weight=6),
        SkuPlan(f"{code}-CHILD", child_name, child * YUAN, weight=2, usual=(1, 2), accompanies=True),
    )


SNOW_PRODUCTS = (
    ProductPlan(
        "四季穹顶滑雪四小时票",
        "四小时滑雪，成人、儿童、家庭票共用当日名额，家庭票占三个名额。",
        SNOW,
        (
            *_pair("SKI4H", 198, 128),
            SkuPlan("SKI4H-FAMILY", "家庭票（两大一小）", 458 * YUAN, units=3, weight=2, usual=(1, 1)),
        ),
        capacity=(90, 180),
        weight=10,
        attributes=AT_GATE,
    ),
    ProductPlan(
        "四季穹顶滑雪全天票",
        "开放时间内不限次数。",
        SNOW,
        _pair("SKIDAY", 298, 188),
        capacity=(60, 120),
        weight=7,
        attributes=AT_GATE,
    ),
    ProductPlan(
        "四季穹顶戏雪乐园门票",
        "戏雪区、雪地迷宫与冰滑梯。",
        FUN,
        _pair("SNOWPLAY", 118, 88),
        capacity=(80, 150),
        weight=8,
        attributes=AT_GATE,
    ),
    ProductPlan(
        "初级滑雪教练课（一对一两小时）",
        "每日名额有限，周一休课。",
        SNOW,
        (SkuPlan("COACH2H", "一对一课程", 480 * YUAN, usual=(1, 2)),),
        capacity=(8, 14),
        weight=4,
        closed_on=(1,),
        attributes=AT_GATE,
    ),
    ProductPlan(
        "四季穹顶夜场滑雪票",
        "十八点至二十二点。",
        SNOW,
        _pair("SKINIGHT", 158, 108),
        capacity=(50, 90),
        weight=5,
        attributes=AT_GATE,
    ),
    ProductPlan(
        "雪圈与冰滑梯体验票",
        "两项各三次。",
        FUN,
        _pair("TUBING", 68, 48),
        capacity=(50, 90),
        weight=4,
        attributes=AT_GATE,
    ),
    ProductPlan(
        "雪具租赁套装",
        "雪板、雪鞋、雪杖、头盔与护具。",
        SNOW,
        (SkuPlan("GEAR-ADULT", "成人套装", 120 * YUAN), SkuPlan("GEAR-CHILD", "儿童套装", 80 * YUAN, weight=2)),
        capacity=(60, 120),
        weight=3,
        attributes=AT_GATE,
    ),
    ProductPlan(
        "亲子冰雪一日营",
        "一大一小为一组，含教练与午餐。",
        FUN,
        (SkuPlan("FAMILYCAMP", "一大一小", 568 * YUAN, units=2, usual=(1, 2)),),
        capacity=(30, 60),
        weight=3,
        attributes=AT_GATE,
    ),
    ProductPlan(
        "冰雪乐园双人通票",
        "两人同行，滑雪与戏雪各一次。",
        FUN,
        (SkuPlan("DUOPASS", "双人票", 398 * YUAN, units=2, usual=(1, 2)),),
        capacity=(40, 80),
        weight=3,
        attributes=AT_GATE,
    ),
    ProductPlan(
        "四季穹顶滑雪年卡",
        "自购买之日起一年内有效，限量发售。",
        SNOW,
        (SkuPlan("YEARCARD", "年卡", 2980 * YUAN, usual=(1, 1)),),
        mode=Mode.TOTAL,
        capacity=(600, 600),
        weight=1,
        attributes=(
            ("validity", {"by": "days_after_order", "days": 365}),
            ("entry_rules", "首次入场时核销并换发实体卡。"),
        ),
    ),
)

SNOW_PARK = SupplierPlan(
    username="supplier2",
    name="四季穹顶冰雪乐园有限公司",
    contact="冯若溪",
    brand="四季穹顶",
    products=SNOW_PRODUCTS,
    waiting=(
        ProductPlan(
            "冰雕灯会夜票",
            "冰雕与灯光秀，待平台审核。",
            FUN,
            _pair("ICELIGHT", 98, 58),
            capacity=(50, 90),
            attributes=AT_GATE,
        ),
    ),
    drafts=(),
    refused=(),
    withdrawn=(
        ProductPlan(
            "暑期室内水乐园票",
            "暑期活动票，已停售。",
            FUN,
            _pair("WATERPARK", 128, 88),
            capacity=(50, 90),
            attributes=AT_GATE,
        ),
    ),
    agency_name="票务平台代理佣金",
    agency_percent="15.00",
    gates=("SNOW-GATE-1", "SNOW-GATE-2"),
)

MUSEUM_PRODUCTS = (
    ProductPlan(
        "锦时博物馆山河织锦特展票",
        "特展单日票，成人与学生共用当日名额。",
        EXHIBITION,
        _pair("BROCADE", 80, 40, "成人票", "学生票"),
        capacity=(70, 110),
        weight=8,
        closed_on=(1,),
        attributes=AT_MUSEUM,
    ),
    ProductPlan(
        "锦时博物馆常设展预约票",
        "免费参观，须预约。",
        EXHIBITION,
        (SkuPlan("PERMANENT", "预约票", 0, usual=(1, 4)),),
        capacity=(100, 160),
        weight=5,
        closed_on=(1,),
        attributes=AT_MUSEUM,
    ),
    ProductPlan(
        "数字沉浸展票",
        "约五十分钟一场，按日计名额。",
        EXHIBITION,
        _pair("IMMERSIVE", 128, 78),
        capacity=(60, 110),
        weight=6,
        closed_on=(1,),
        attributes=AT_MUSEUM,
    ),
    ProductPlan(
        "馆藏修复工坊体验票",
        "每日两场，小班授课。",
        EXHIBITION,
        (SkuPlan("WORKSHOP", "体验票", 168 * YUAN, usual=(1, 2)),),
        capacity=(8, 16),
        weight=3,
        closed_on=(1,),
        attributes=AT_MUSEUM,
    ),
    ProductPlan(
        "博物馆之夜门票",
        "周五至周日夜间开放。",
        EXHIBITION,
        _pair("NIGHTMUSEUM", 98, 58),
        capacity=(50, 110),
        weight=4,
        closed_on=(1, 2, 3, 4),
        attributes=AT_MUSEUM,
    ),
    ProductPlan(
        "山河织锦文创丝巾礼盒",
        "真丝方巾一条，礼盒装。",
        GIFTS,
        (SkuPlan("SCARF-BOX", "礼盒装", 268 * YUAN, usual=(1, 3)),),
        kind=ProductKind.RETAIL,
        mode=Mode.TOTAL,
        fulfilment=Fulfilment.SHIPMENT,
        capacity=(4000, 4000),
        weight=2,
        attributes=(("weight_g", 350), ("shipping_note", "默认顺丰速运发货，下单后四十八小时内出库。")),
    ),
)

MUSEUM = SupplierPlan(
    username="supplier4",
    name="锦时博物文化发展有限公司",
    contact="苏知远",
    brand="锦时博物",
    products=MUSEUM_PRODUCTS,
    waiting=(),
    drafts=(
        ProductPlan(
            "春季考古公开课门票",
            "尚在编写。",
            EXHIBITION,
            (SkuPlan("LECTURE", "听课票", 30 * YUAN),),
            capacity=(60, 60),
            attributes=AT_MUSEUM,
        ),
    ),
    refused=(),
    withdrawn=(),
    agency_name="文旅平台代理佣金",
    agency_percent="10.00",
    gates=("HALL-A", "HALL-B"),
)
