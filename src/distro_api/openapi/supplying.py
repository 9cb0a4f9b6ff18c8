"""Examples of what the platform and suppliers send, in the order of the job."""

from collections.abc import Mapping

from distro_api.openapi.example import Example, Find

GATE = "黄山风景区门票"
GATE_PRODUCT = f"/products?q={GATE}&status=on_sale&sort=created_at"
GATE_SKU = Find(GATE_PRODUCT, "items.0.skus.0.id")
WRITTEN = Find("/strategies?status=draft")
PARTNER = Find("/supply-relations?q=远方旅行社")
NEW_DISTRIBUTOR = Find("/distributors?q=远方旅行社")
NEW_SUPPLIER = Find("/organizations?q=云海山旅游发展公司&kind=supplier")


def _account(name: str) -> dict[str, str]:
    return {"username": name, "password": f"{name.capitalize()}-Demo-2026"}


def _sign_in() -> tuple[Example, ...]:
    who = {"admin": "The platform", "supplier": "A supplier", "distributor": "A distributor"}
    return tuple(Example(name, summary, _account(name)) for name, summary in who.items())


def _label(name: str, other: str, listed: str, parameter: str) -> tuple[Example, Example]:
    """Making a category or brand, and renaming the newest."""
    last = Find(f"{listed}?q={name}")
    return Example("admin", "A new name", {"name": name}), Example(
        "admin", "Another name", {"name": other}, {parameter: last}
    )


NEW_CATEGORY, OTHER_CATEGORY = _label("温泉康养", "温泉与康养", "/categories", "category_id")
NEW_BRAND, OTHER_BRAND = _label("云海山", "云海山旅游", "/brands", "brand_id")

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "get_token": _sign_in(),
    "log_in": _sign_in(),
    "forgot_password": (Example("distributor", "Whoever it is", {"account": "distributor"}),),
    "ask_registration_code": (
        Example("distributor", "To a phone", {"to": "13900003333"}),
        Example("distributor", "To a mail box", {"to": "lu@example.com"}),
    ),
    "ask_contact_code": (Example("supplier", "To another phone", {"to": "13900004444"}),),
    "request_organization_change": (
        Example(
            "supplier",
            "Where we are and whom to ask",
            {
                "region_code": "330106",
                "address": "龙井路1号",
                "contacts": [{"name": "陆云帆", "title": "经理", "phone": "13900005555"}],
            },
            {"organization_id": Find("/me", "organization.id")},
        ),
    ),
    "reject_organization_change": (
        Example(
            "admin",
            "The request above",
            {"reason": "地址与营业执照不符"},
            {"change_id": Find("/organization-changes?status=pending")},
        ),
    ),
    "update_me": (Example("distributor", "Another name", {"name": "沈嘉禾"}),),
    "create_organization": (
        Example(
            "admin",
            "A supplier with its owner",
            {
                "kind": "supplier",
                "name": "云海山旅游发展公司",
                "owner": {"username": "yunhai", "password": "Cloud-Sea-2026", "name": "陆云帆"},
            },
        ),
    ),
    "reject_organization": (
        Example(
            "admin",
            "Who waits for a review",
            {"reason": "营业执照照片不清晰"},
            {"organization_id": Find("/organizations?status=pending")},
        ),
    ),
    "suspend_organization": (
        Example(
            "admin",
            "The supplier above",
            {"reason": "资质到期"},
            {"organization_id": NEW_SUPPLIER},
        ),
    ),
    "resume_organization": (
        Example(
            "admin",
            "The supplier above",
            {"reason": "资质已更新"},
            {"organization_id": NEW_SUPPLIER},
        ),
    ),
    "set_parameter": (
        Example(
            "admin",
            "A stricter lock",
            {"value": 4, "reason": "近期撞库增多"},
            {"parameter": Find("/parameters", "items.1.name")},
        ),
    ),
    "create_employee": (
        Example(
            "supplier",
            "With a phone number, so that an account can be given",
            {"number": "A0017", "name": "王小明", "department": "票务部", "position": "售票员", "phone": "13800138017"},
        ),
    ),
    "update_employee": (
        Example(
            "supplier",
            "Another department, no position",
            {"department": "客服部", "position": None},
            {"employee_id": Find("/employees?q=A0017")},
        ),
    ),
    "upload_file": (
        Example(
            "supplier",
            "A small table of employees as .csv",
            {"purpose": "import", "file": "工号,姓名,部门,手机号\r\nA0018,李晓雨,票务部,13800138018\r\n"},
        ),
    ),
    "import_employees": (
        Example(
            "supplier",
            "The file above, rows that are right",
            {"file_id": Find("/files?purpose=import"), "mode": "valid_only"},
        ),
    ),
    "create_distributor": (
        Example("supplier", "Name and phone", {"name": "远方旅行社", "phone": "13900001111", "contact_name": "江远"}),
    ),
    "update_supply_relation": (
        Example(
            "supplier",
            "A tier, and only what is authorised",
            {"tier": "金牌", "sells": "listed"},
            {"relation_id": PARTNER},
        ),
    ),
    "authorize_products": (
        Example(
            "supplier",
            "One SKU at a price of its own",
            {"lines": [{"sku_id": GATE_SKU, "settlement_price": 12800}]},
            {"relation_id": PARTNER},
        ),
    ),
    "open_supply_relation": (
        Example(
            "supplier4",
            "An existing distributor",
            {"distributor_id": Find("/me", "organization.id", who="distributor6"), "tier": "普通"},
        ),
    ),
    "open_account": (
        Example(
            "supplier",
            "Prepaid",
            {"distributor_id": NEW_DISTRIBUTOR, "kind": "prepaid"},
        ),
        Example(
            "supplier",
            "Credit of 50,000 yuan",
            {
                "distributor_id": NEW_DISTRIBUTOR,
                "kind": "credit",
                "credit_limit_amount": 5_000_000,
            },
        ),
    ),
    "edit_account": (
        Example(
            "supplier",
            "Another limit",
            {"credit_limit_amount": 8_000_000},
            {"account_id": Find("/accounts?kind=credit")},
        ),
    ),
    "request_recharge": (
        Example(
            "supplier",
            "10,000 yuan by bank transfer",
            {"amount": 1_000_000, "method": "offline", "note": "对公转账"},
            {"account_id": Find("/accounts?kind=prepaid&sort=created_at")},
        ),
    ),
    "request_repayment": (
        Example(
            "supplier",
            "100 yuan by bank transfer",
            {"amount": 10_000, "method": "offline", "note": "月结还款"},
            {"account_id": Find("/accounts?kind=credit&sort=created_at")},
        ),
    ),
    "reject_recharge": (
        Example(
            "supplier",
            "Not arrived",
            {"reason": "未查到该笔到账"},
            {"recharge_id": Find("/recharges?status=pending_approval")},
        ),
    ),
    "create_category": (NEW_CATEGORY,),
    "rename_category": (OTHER_CATEGORY,),
    "create_brand": (NEW_BRAND,),
    "rename_brand": (OTHER_BRAND,),
    "create_product": (
        Example(
            "supplier",
            "Tickets: adult, child and family share one daily capacity",
            {
                "kind": "ticket",
                "name": "云海山风景区门票",
                "stock_mode": "daily",
                "fulfilment": "code",
                "attributes": {"validity": {"by": "date"}, "entry_rules": "扫码入园，当日有效。"},
                "skus": [
                    {"name": "成人票", "list_price": 12000},
                    {"name": "儿童票", "list_price": 6000},
                    {"name": "家庭票（两大一小）", "list_price": 26000, "units": 3},
                ],
            },
        ),
        Example(
            "supplier",
            "Goods that are sent",
            {
                "kind": "retail",
                "name": "云雾毛峰 250 克",
                "stock_mode": "total",
                "fulfilment": "shipment",
                "attributes": {"weight_g": 300, "specifications": [{"name": "产地", "value": "安徽黄山"}]},
                "skus": [{"name": "铁罐装", "list_price": 16800}],
            },
        ),
    ),
    "edit_product": (
        Example(
            "supplier",
            "Another text",
            {"description": "一日门票，成人、儿童、家庭票共用当日名额。"},
            {"product_id": Find("/products?status=draft")},
        ),
    ),
    "reject_product": (
        Example(
            "admin",
            "Say what is missing",
            {"reason": "请补充入园须知后再提交。"},
            {"product_id": Find("/products?status=pending_review&sort=submitted_at")},
        ),
    ),
    "create_inventory_item": (
        Example("supplier", "Counted by date", {"name": "索道每日名额", "mode": "daily"}),
        Example("supplier", "Counted in total", {"name": "纪念章", "mode": "total"}),
    ),
    "set_calendar": (
        Example(
            "supplier",
            "Weekends of three months",
            {"date_from": "2030-05-01", "date_to": "2030-07-31", "weekdays": [6, 7], "capacity": 300},
            {"item_id": Find("/products?q=云海山风景区门票", "items.0.item_id")},
        ),
    ),
    "set_stock": (
        Example(
            "supplier",
            "Two hundred",
            {"capacity": 200},
            {"item_id": Find("/products?q=云雾毛峰", "items.0.item_id")},
        ),
    ),
    "adjust_stock": (
        Example(
            "supplier",
            "Ten more on one day",
            {"date": "2030-05-04", "delta": 10, "reason": "加开入口"},
            {"item_id": Find("/products?q=云海山风景区门票", "items.0.item_id")},
        ),
    ),
    "create_strategy": (
        Example(
            "supplier",
            "Wholesale: weekend and holiday prices, a quantity step, limits, a refund ladder",
            {
                "name": "散客分销价（春夏）",
                "channel": "individual",
                "business_mode": "wholesale",
                "audience": {"kind": "tiers", "tiers": ["金牌"]},
                "valid_from": "2026-01-01",
                "pay_by": ["prepaid", "credit"],
                "refund_rules": [
                    {"until_hours_before": 72, "fee_percent": "0"},
                    {"until_hours_before": 24, "fee_percent": "10"},
                ],
                "items": [
                    {
                        "sku_id": GATE_SKU,
                        "settlement_price": 14000,
                        "retail_price": 16800,
                        "date_prices": [
                            {
                                "date_from": "2026-01-01",
                                "date_to": "2030-12-31",
                                "weekdays": [6, 7],
                                "settlement_price": 15000,
                            },
                            {
                                "date_from": "2026-01-01",
                                "date_to": "2030-12-31",
                                "holidays": True,
                                "settlement_price": 16000,
                            },
                        ],
                        "quantity_prices": [{"min_quantity": 10, "settlement_price": 13500}],
                        "limits": {
                            "min_quantity": 1,
                            "max_quantity": 60,
                            "advance_days_max": 90,
                            "cut_off": {"days_before": 0, "time": "16:00"},
                        },
                    }
                ],
            },
        ),
        Example(
            "supplier",
            "Enterprise customers: each order is approved",
            {
                "name": "政企采购价（春夏）",
                "channel": "enterprise",
                "business_mode": "wholesale",
                "audience": {"kind": "all"},
                "valid_from": "2026-01-01",
                "pay_by": ["prepaid", "credit"],
                "order_approval": True,
                "refund_rules": [{"until_hours_before": 24, "fee_percent": "0"}],
                "items": [{"sku_id": GATE_SKU, "settlement_price": 13400}],
            },
        ),
    ),
    "edit_strategy": (
        Example("supplier", "Before others", {"priority": 10, "valid_to": "2030-12-31"}, {"strategy_id": WRITTEN}),
    ),
    "put_strategy_items": (
        Example(
            "supplier",
            "One SKU more",
            {"items": [{"sku_id": Find(GATE_PRODUCT, "items.0.skus.1.id"), "settlement_price": 7000}]},
            {"strategy_id": WRITTEN},
        ),
    ),
    "put_strategy_item": (
        Example(
            "supplier",
            "Another price",
            {"settlement_price": 13900, "retail_price": 16800},
            {"strategy_id": WRITTEN, "sku_id": GATE_SKU},
        ),
    ),
    "put_holiday": (Example("admin", "A day off", {"name": "平台周年庆", "kind": "holiday"}),),
}
