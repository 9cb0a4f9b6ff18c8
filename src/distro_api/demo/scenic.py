"""The first supplier: tickets of real scenic areas in Anhui, at invented prices."""

from distro_api.demo.plans import YUAN, ProductPlan, SkuPlan, SupplierPlan
from distro_api.inventory.models import Mode

FLAGSHIP = "黄山风景区门票"
"""The product of the README and of the examples in the OpenAPI document."""
UNDATED = "古徽州文化旅游区三十日通票"
"""It has no date: what is sold of it can be used at once."""
NATURE, VILLAGE, WATER = "自然风光", "古镇古村", "游船夜游"

ON_DATE = (("validity", {"by": "date"}), ("entry_rules", "凭订单票码在景区入口扫码入园，当日有效，一码按张数核销。"))


def _family(code: str, adult: int, *, of: str = "") -> tuple[SkuPlan, ...]:
    """Adult, child and family tickets: a family takes three places."""
    return (
        SkuPlan(f"{code}-ADULT", f"{of}成人票", adult * YUAN, weight=7, usual=(1, 4)),
        SkuPlan(f"{code}-CHILD", f"{of}儿童票", adult * YUAN // 2, weight=2, usual=(1, 2), accompanies=True),
        SkuPlan(f"{code}-FAMILY", f"{of}家庭票（两大一小）", adult * 22 // 10 * YUAN, units=3, weight=2, usual=(1, 1)),
    )


PRODUCTS = (
    ProductPlan(
        FLAGSHIP,
        "一日门票，成人、儿童、家庭票共用当日名额，家庭票占三个名额。",
        NATURE,
        _family("HUANGSHAN", 168, of="黄山"),
        capacity=(180, 320),
        weight=16,
        place="黄山市黄山风景区",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "黄山门票与索道联票",
        "含一日门票与单程索道，同时占用门票名额与索道名额。",
        NATURE,
        (
            SkuPlan("HUANGSHAN-CABLE-ADULT", "成人联票", 238 * YUAN, weight=6),
            SkuPlan("HUANGSHAN-CABLE-CHILD", "儿童联票", 119 * YUAN, weight=2, usual=(1, 2), accompanies=True),
        ),
        capacity=(70, 120),
        weight=7,
        place="黄山市黄山风景区",
        shares=FLAGSHIP,
        attributes=ON_DATE,
    ),
    ProductPlan(
        "西递宏村古村落联票",
        "两村联票，当日可各入一次。",
        VILLAGE,
        _family("HONGCUN", 104),
        capacity=(80, 150),
        weight=9,
        place="安徽省黄山市皖南古村落—西递宏村",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "古徽州研学营地一日票",
        "研学机构专供，含讲解与活动材料，只向获得授权的分销商销售。",
        VILLAGE,
        (SkuPlan("STUDY-CAMP-DAY", "学生票", 88 * YUAN, usual=(20, 45)),),
        capacity=(120, 90),
        weight=8,
        place="黄山市古徽州文化旅游区",
        attributes=ON_DATE,
        authorised_only=True,
    ),
    ProductPlan(
        UNDATED,
        "自下单之日起三十日内有效，不限日期，每人一次。",
        VILLAGE,
        (SkuPlan("GUHUIZHOU-UNDATED", "通票", 198 * YUAN),),
        mode=Mode.UNLIMITED,
        weight=4,
        place="黄山市古徽州文化旅游区",
        attributes=(("validity", {"by": "days_after_order", "days": 30}), ("entry_rules", "首次入园时核销。")),
    ),
    ProductPlan(
        "黄山风景区团队票",
        "十人起订，与散客门票共用当日名额。",
        NATURE,
        (SkuPlan("HUANGSHAN-GROUP", "团队票（十人起）", 150 * YUAN, usual=(10, 28), least=10),),
        capacity=(90, 60),
        weight=3,
        place="黄山市黄山风景区",
        shares=FLAGSHIP,
        attributes=ON_DATE,
    ),
    ProductPlan(
        "九华山风景区门票",
        "一日门票，不含索道与观光车。",
        NATURE,
        _family("JIUHUA", 140),
        capacity=(70, 130),
        weight=7,
        place="池州市九华山风景区",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "天柱山风景区门票",
        "一日门票，含进山观光车。",
        NATURE,
        _family("TIANZHU", 126),
        capacity=(60, 110),
        weight=5,
        place="安徽省安庆市天柱山风景区",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "三河古镇夜游船票",
        "每日限量的夜游船，约四十分钟，约满为止。",
        WATER,
        (
            SkuPlan("SANHE-BOAT-ADULT", "成人船票", 78 * YUAN, weight=6),
            SkuPlan("SANHE-BOAT-CHILD", "儿童船票", 39 * YUAN, weight=2, usual=(1, 2), accompanies=True),
        ),
        capacity=(14, 22),
        weight=8,
        place="合肥市三河古镇景区",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "天堂寨旅游景区门票",
        "一日门票。",
        NATURE,
        _family("TIANTANGZHAI", 98),
        capacity=(60, 100),
        weight=4,
        place="六安市天堂寨旅游景区",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "万佛湖景区游船票",
        "含景区门票与环湖游船。",
        WATER,
        _family("WANFO", 95),
        capacity=(60, 100),
        weight=4,
        place="安徽省六安市万佛湖景区",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "八里河景区门票",
        "一日门票。",
        NATURE,
        _family("BALIHE", 75),
        capacity=(60, 100),
        weight=3,
        place="阜阳市颍上八里河景区",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "琅琊山景区门票",
        "一日门票。",
        NATURE,
        _family("LANGYA", 82),
        capacity=(60, 100),
        weight=3,
        place="安徽省滁州市琅琊山景区",
        attributes=ON_DATE,
    ),
    ProductPlan(
        "采石矶文化生态旅游区门票",
        "一日门票，周一闭园。",
        NATURE,
        _family("CAISHIJI", 58),
        capacity=(50, 90),
        weight=3,
        place="安徽省马鞍山市长江采石矶文化生态旅游区",
        closed_on=(1,),
        attributes=ON_DATE,
    ),
)

SUPPLIER = SupplierPlan(
    username="supplier",
    name="徽岚山水文旅集团有限公司",
    contact="程亦帆",
    brand="徽岚山水",
    products=PRODUCTS,
    waiting=(
        ProductPlan(
            "绩溪龙川景区门票",
            "一日门票，待平台审核。",
            VILLAGE,
            _family("LONGCHUAN", 68),
            capacity=(80, 120),
            place="安徽省宣城市绩溪龙川景区",
            attributes=ON_DATE,
        ),
    ),
    drafts=(
        ProductPlan(
            "黄山日出摄影团票",
            "尚在编写。",
            NATURE,
            (SkuPlan("SUNRISE-PHOTO", "摄影团票", 360 * YUAN),),
            capacity=(20, 20),
            attributes=ON_DATE,
        ),
    ),
    refused=(
        (
            ProductPlan(
                "天柱山滑索体验票",
                "高空滑索体验。",
                NATURE,
                (SkuPlan("TIANZHU-ZIPLINE", "体验票", 120 * YUAN),),
                capacity=(40, 60),
                attributes=ON_DATE,
            ),
            "请补充高空项目的安全须知和身高体重限制后再提交。",
        ),
    ),
    withdrawn=(
        ProductPlan(
            "九华山冬季祈福票",
            "冬季活动票，活动已结束。",
            NATURE,
            (SkuPlan("JIUHUA-WINTER", "祈福票", 66 * YUAN),),
            capacity=(60, 100),
            attributes=ON_DATE,
        ),
    ),
    agency_name="线上平台代理佣金",
    agency_percent="12.00",
    gates=("GATE-N1", "GATE-N2", "GATE-S1"),
)
