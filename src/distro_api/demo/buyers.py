"""The distributors, all invented: travel agencies, an online agency, enterprise purchasing, study tours, group buying."""

from distro_api.demo.plans import YUAN, DistributorPlan, RelationPlan

GOLD, AGENT, STANDARD = "金牌", "代理", "普通"
THOUSAND = 1000 * YUAN

DISTRIBUTORS = (
    DistributorPlan(
        "distributor",
        "江畔假期国际旅行社有限公司",
        "沈嘉禾",
        (
            RelationPlan("supplier", GOLD, 30, prepaid=300 * THOUSAND, credit=100 * THOUSAND, enterprise_share=0.12),
            RelationPlan("supplier2", STANDARD, 8, prepaid=60 * THOUSAND),
            RelationPlan("supplier3", STANDARD, 4, prepaid=30 * THOUSAND),
            RelationPlan("supplier4", GOLD, 6, prepaid=30 * THOUSAND),
        ),
    ),
    DistributorPlan(
        "distributor2",
        "逸程在线旅行网络有限公司",
        "顾清和",
        (
            RelationPlan("supplier", AGENT, 26, prepaid=260 * THOUSAND, credit=200 * THOUSAND),
            RelationPlan("supplier2", AGENT, 12, prepaid=120 * THOUSAND),
            RelationPlan("supplier4", AGENT, 8, prepaid=40 * THOUSAND),
        ),
        source="ota",
        number_prefix="YC",
    ),
    DistributorPlan(
        "distributor3",
        "众禾福利企业采购服务有限公司",
        "贺云深",
        (
            RelationPlan("supplier", STANDARD, 6, prepaid=200 * THOUSAND, credit=300 * THOUSAND, enterprise_share=0.9),
            RelationPlan("supplier2", STANDARD, 4, credit=300 * THOUSAND, enterprise_share=0.9),
            RelationPlan("supplier3", GOLD, 8, prepaid=200 * THOUSAND, credit=300 * THOUSAND, enterprise_share=0.9),
        ),
    ),
    DistributorPlan(
        "distributor4",
        "南屿青年旅行社有限公司",
        "许南风",
        (
            RelationPlan("supplier", STANDARD, 14, prepaid=150 * THOUSAND),
            RelationPlan("supplier2", STANDARD, 8, prepaid=60 * THOUSAND),
        ),
    ),
    DistributorPlan(
        "distributor5",
        "启明研学教育科技有限公司",
        "梁思齐",
        (
            RelationPlan(
                "supplier",
                STANDARD,
                7,
                prepaid=180 * THOUSAND,
                authorised=(
                    ("STUDY-CAMP-DAY", 62 * YUAN),
                    ("HONGCUN-ADULT", 80 * YUAN),
                    ("HONGCUN-CHILD", 38 * YUAN),
                    ("GUHUIZHOU-PASS", 150 * YUAN),
                ),
            ),
            RelationPlan("supplier4", STANDARD, 6, prepaid=40 * THOUSAND, enterprise_share=0.3),
        ),
    ),
    DistributorPlan(
        "distributor6",
        "城南通票票务连锁有限公司",
        "罗景行",
        (
            RelationPlan("supplier", STANDARD, 8, prepaid=120 * THOUSAND),
            RelationPlan("supplier2", GOLD, 12, prepaid=120 * THOUSAND),
        ),
    ),
    DistributorPlan(
        "distributor7",
        "橙小筐社区团购有限公司",
        "姚一诺",
        (RelationPlan("supplier3", AGENT, 16, prepaid=120 * THOUSAND, credit=50 * THOUSAND),),
        source="groupbuy",
        number_prefix="CK",
    ),
    DistributorPlan(
        "distributor8",
        "北岭会展商务服务有限公司",
        "孟书言",
        (
            RelationPlan("supplier3", STANDARD, 6, credit=200 * THOUSAND, enterprise_share=0.7),
            RelationPlan("supplier4", STANDARD, 3, prepaid=20 * THOUSAND),
            RelationPlan("supplier2", STANDARD, 0, prepaid=10 * THOUSAND, stopped=True),
        ),
    ),
)
