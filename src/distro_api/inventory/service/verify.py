"""The proof of the stock."""

from distro_api.core.verify import Check

CHECKS = (
    Check(
        "buckets are the sums of their movements",
        """SELECT b.id, b.capacity, b.held, b.sold, b.issued FROM inventory_buckets b LEFT JOIN (
            SELECT bucket_id AS id, sum(capacity_delta) AS capacity, sum(held_delta) AS held, sum(sold_delta) AS sold,
                sum(issued_delta) AS issued FROM inventory_movements GROUP BY 1) m USING (id)
        WHERE (b.capacity, b.held, b.sold, b.issued)
            <> (coalesce(m.capacity, 0), coalesce(m.held, 0), coalesce(m.sold, 0), coalesce(m.issued, 0))""",
    ),
    Check(
        "a movement names an existing bucket of its item",
        """SELECT m.id FROM inventory_movements m LEFT JOIN inventory_buckets b ON b.id = m.bucket_id
        WHERE (b.item_id = m.item_id AND b.supplier_id = m.supplier_id) IS NOT TRUE""",
    ),
    Check(
        "nothing is oversold",
        "SELECT id FROM inventory_buckets WHERE held < 0 OR sold < 0 OR held + sold > capacity OR issued NOT BETWEEN 0 AND sold",
    ),
)
