"""What the database itself refuses of products, strategies and authorisations, tried by hand."""

from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from make import identity, products, strategies


@pytest.mark.capability("P1", "P2", "G2", "G3")
@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE products SET status = 'sold_out'", "ck_products_productstatus"),
        ("UPDATE products SET status = 'rejected'", "ck_products_rejection_has_a_reason"),
        ("UPDATE products SET reject_reason = 'x'", "ck_products_rejection_has_a_reason"),
        (
            "UPDATE products SET status = 'pending_review', submitted_at = NULL, review_due_at = NULL",
            "ck_products_review_was_asked_for",
        ),
        ("UPDATE products SET review_due_at = NULL", "ck_products_review_has_a_date"),
        ("INSERT INTO products SELECT (p).* FROM products p", "pk_products"),
        ("UPDATE skus SET list_price = -1", "ck_skus_prices_not_negative"),
        ("UPDATE skus SET units = 0", "ck_skus_units_positive"),
        ("UPDATE skus SET code = 'same'", "uq_skus_supplier_id_code"),
        ("UPDATE sku_stock SET units = 0", "ck_sku_stock_units_positive"),
        ("DELETE FROM skus", "fk_strategy_items_sku_id"),
        ("DELETE FROM products", "fk_skus_product_id"),
        ("DELETE FROM inventory_items", "fk_products_item_id"),
        ("UPDATE product_reviews SET reason = 'x'", "ck_product_reviews_rejection_has_a_reason"),
        ("UPDATE strategies SET valid_to = '2020-01-01'", "ck_strategies_dates_ordered"),
        ("UPDATE strategies SET pay_by = '{}'", "ck_strategies_can_be_paid"),
        ("UPDATE strategies SET audience_kind = 'distributors'", "ck_strategies_audience_is_named"),
        (
            "INSERT INTO strategy_tiers SELECT id, '没有的等级', supplier_id, 0 FROM strategies",
            "fk_strategy_tiers_supplier_id_tier",
        ),
        ("UPDATE strategy_items SET settlement_price = retail_price + 1", "ck_strategy_items_prices_ordered"),
        ("UPDATE strategy_items SET settlement_price = -1", "ck_strategy_items_prices_ordered"),
        (
            "UPDATE strategy_items SET commission_percent = '1', commission_amount = 1",
            "ck_strategy_items_one_commission",
        ),
        ("UPDATE strategy_items SET commission_amount = -1", "ck_strategy_items_commission_not_negative"),
        (
            "INSERT INTO limit_counters SELECT id, id, id, '2026-01-01', id, -1 FROM skus",
            "ck_limit_counters_used_not_negative",
        ),
        ("INSERT INTO holidays VALUES ('2026-01-01', 'x', 'party')", "ck_holidays_daykind"),
    ],
)
async def test_the_database_refuses(
    client: httpx.AsyncClient,
    app: FastAPI,
    owner_connection: asyncpg.Connection,
    statement: str,
    constraint: str,
) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    made = await products.on_sale(client, supplier, admin)
    items: list[dict[str, Any]] = [
        {"sku_id": sku["id"], "settlement_price": 1, "retail_price": 2} for sku in made["skus"]
    ]
    await strategies.active(client, supplier, *items)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await owner_connection.execute(statement)
    assert refused.value.constraint_name == constraint
