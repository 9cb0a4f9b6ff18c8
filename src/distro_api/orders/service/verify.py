"""The proof that orders, stock, tickets, refunds and books tell the same story."""

from distro_api.core.verify import Check

CHECKS = (
    Check(
        "an order is the sum of its lines",
        """SELECT o.id FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id
        GROUP BY o.id HAVING count(l.id) = 0 OR (o.retail_amount, o.settlement_amount, o.commission_amount, o.refunded_amount)
            <> (sum(l.retail_amount), sum(l.settlement_amount), sum(l.commission_amount), sum(l.refunded_amount))""",
    ),
    Check(
        "an order has taken from the books what it says",
        """SELECT o.id, o.paid_amount, o.refunded_amount, m.paid, m.refunded FROM orders o LEFT JOIN (
            SELECT reference_id AS id, coalesce(sum(amount) FILTER (WHERE kind = 'order_payment'), 0) AS paid,
                coalesce(sum(amount) FILTER (WHERE kind = 'order_refund'), 0) AS refunded
            FROM transfers WHERE kind IN ('order_payment', 'order_refund') GROUP BY 1) m USING (id)
        WHERE (o.paid_amount, o.refunded_amount) <> (coalesce(m.paid, 0), coalesce(m.refunded, 0))""",
    ),
    Check(
        "money in the books for an order belongs to one, with its own distributor and supplier",
        """SELECT t.id FROM transfers t LEFT JOIN orders o ON o.id = t.reference_id
        LEFT JOIN accounts a ON a.id = CASE WHEN t.kind = 'order_refund' THEN t.credit_account_id ELSE t.debit_account_id END
        WHERE t.kind LIKE 'order_%' AND (o.id = t.reference_id AND o.supplier_id = t.supplier_id
            AND a.owner_id = o.distributor_id AND a.id = o.account_id) IS NOT TRUE""",
    ),
    Check(
        "an order that waits for approval with its money has exactly that hold open",
        """SELECT o.id FROM orders o LEFT JOIN transfers p ON p.id = o.hold_id
        WHERE o.hold_id IS NOT NULL AND ((p.state = 'pending' AND p.reference_id = o.id AND p.amount = o.total_amount)
            IS NOT TRUE OR EXISTS (SELECT FROM transfers r WHERE r.pending_id = p.id))
        UNION ALL SELECT p.reference_id FROM transfers p WHERE p.kind = 'order_freeze'
            AND NOT EXISTS (SELECT FROM transfers r WHERE r.pending_id = p.id)
            AND NOT EXISTS (SELECT FROM orders o WHERE o.hold_id = p.id)""",
    ),
    Check(
        "status, payment and refunds fit together",
        """SELECT o.id, o.status, o.refund_status FROM orders o JOIN (
            SELECT order_id AS id, bool_and(refunded = quantity) AS all_back, bool_or(refunded > 0) AS some_back,
                bool_and(fulfilled + refunded = quantity) AS done, bool_or(fulfilled > 0) AS begun
            FROM order_lines GROUP BY 1) l USING (id)
        WHERE (o.status IN ('paid', 'fulfilling', 'completed')) AND o.paid_at IS NULL
            OR o.status IN ('pending_approval', 'pending_payment', 'closed') AND (o.paid_at IS NOT NULL OR l.some_back)
            OR o.refund_status <> CASE WHEN l.all_back THEN 'full' WHEN l.some_back THEN 'partial' ELSE 'none' END
            OR o.status = 'completed' AND NOT l.done OR o.status IN ('paid', 'fulfilling') AND l.done
            OR o.status = 'cancelled' AND l.begun""",
    ),
    Check(
        "the timeline ends where the order is, without a gap",
        """SELECT o.id FROM orders o LEFT JOIN LATERAL (SELECT count(*) AS n, max(seq) AS last,
            (array_agg(status ORDER BY seq DESC))[1] AS status FROM order_transitions WHERE order_id = o.id) t ON true
        WHERE t.n = 0 OR t.n <> t.last OR t.status <> o.status""",
    ),
    Check(
        "stock held and sold is what orders hold and have bought",
        """WITH taken AS (
            SELECT b.id, CASE WHEN o.status IN ('pending_approval', 'pending_payment') THEN l.quantity * (s ->> 'units')::bigint
                    ELSE 0 END AS held,
                CASE WHEN o.paid_at IS NOT NULL THEN (l.quantity - l.refunded) * (s ->> 'units')::bigint ELSE 0 END AS sold,
                l.fulfilled * (s ->> 'units')::bigint AS issued
            FROM order_lines l JOIN orders o ON o.id = l.order_id CROSS JOIN LATERAL jsonb_array_elements(l.stock) s
            LEFT JOIN inventory_buckets b ON b.item_id = (s ->> 'item_id')::uuid AND b.slot IS NOT DISTINCT FROM l.slot
                AND b.service_date IS NOT DISTINCT FROM CASE s ->> 'mode' WHEN 'daily' THEN l.service_date END
            WHERE s ->> 'mode' <> 'unlimited' AND o.status NOT IN ('closed'))
        SELECT id, b.held, b.sold, b.issued, t.held AS order_held, t.sold AS order_sold, t.issued AS order_issued
        FROM (SELECT id, sum(held) AS held, sum(sold) AS sold, sum(issued) AS issued FROM taken GROUP BY id) t
        FULL JOIN inventory_buckets b USING (id)
        WHERE (coalesce(b.held, 0), coalesce(b.sold, 0), coalesce(b.issued, 0))
            <> (coalesce(t.held, 0), coalesce(t.sold, 0), coalesce(t.issued, 0))""",
    ),
    Check(
        "every paid line with codes has its codes, and both count the same once the order has followed its tickets",
        """WITH following AS (
            SELECT aggregate_id AS order_id FROM outbox WHERE name IN ('tickets.redeemed', 'tickets.reversed')
            UNION SELECT aggregate_id FROM event_parked WHERE subscriber = 'orders.follow_tickets'
            UNION SELECT aggregate_id FROM events WHERE name IN ('tickets.redeemed', 'tickets.reversed') AND position >
                coalesce((SELECT position FROM event_cursors WHERE subscriber = 'orders.follow_tickets'), 0))
        SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id LEFT JOIN (
            SELECT line_id, supplier_id, distributor_id, sum(quantity) AS quantity, sum(redeemed) AS redeemed,
                sum(refunded) AS refunded FROM tickets GROUP BY 1, 2, 3) t ON t.line_id = l.id
        LEFT JOIN following f ON f.order_id = o.id
        WHERE l.fulfilment = 'code' AND CASE WHEN o.paid_at IS NULL THEN t.line_id IS NOT NULL
            ELSE (t.quantity = l.quantity AND t.refunded = l.refunded
                AND (t.redeemed = l.fulfilled OR f.order_id IS NOT NULL)
                AND t.supplier_id = o.supplier_id AND t.distributor_id = o.distributor_id) IS NOT TRUE END""",
    ),
    Check(
        "a ticket's status and count follow from its redemptions",
        """SELECT t.id FROM tickets t LEFT JOIN (SELECT ticket_id AS id,
            sum(CASE kind WHEN 'redeem' THEN quantity ELSE -quantity END) AS used FROM ticket_redemptions GROUP BY 1) r USING (id)
        WHERE t.redeemed <> coalesce(r.used, 0) OR (t.status = 'redeemed') <> (t.redeemed > 0 AND t.redeemed + t.refunded = t.quantity)
            OR (t.status = 'refunded') <> (t.redeemed = 0 AND t.refunded = t.quantity)""",
    ),
    Check(
        "refunds are the sums of their lines, and lines of their refunds",
        """SELECT r.id FROM refunds r LEFT JOIN refund_lines l ON l.refund_id = r.id GROUP BY r.id
        HAVING (r.amount, r.fee_amount, r.settlement_amount, r.retail_amount, r.commission_amount) IS DISTINCT FROM
            (sum(l.amount), sum(l.fee_amount), sum(l.settlement_amount), sum(l.retail_amount), sum(l.commission_amount))
        UNION ALL SELECT l.id FROM order_lines l LEFT JOIN refund_lines r ON r.line_id = l.id GROUP BY l.id
        HAVING (l.refunded, l.refunded_amount, l.fee_amount)
            <> (coalesce(sum(r.quantity), 0), coalesce(sum(r.amount), 0), coalesce(sum(r.fee_amount), 0))""",
    ),
    Check(
        "limits per day count what was bought and not given back",  # later than a day after, nothing is counted
        """SELECT distributor_id, sku_id, strategy_id, day, c.used, b.bought FROM limit_counters c FULL JOIN (
            SELECT l.distributor_id, l.sku_id, coalesce(l.strategy_id, '00000000-0000-0000-0000-000000000000') AS strategy_id,
                o.created_at::date AS day,
                sum(CASE WHEN o.status IN ('closed') OR (o.status = 'cancelled' AND o.paid_at IS NULL) THEN 0
                    ELSE l.quantity - l.refunded END) AS bought
            FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.per_day_limit IS NOT NULL GROUP BY 1, 2, 3, 4) b
            USING (distributor_id, sku_id, strategy_id, day)
        WHERE day >= current_date - 1 AND coalesce(c.used, 0) <> coalesce(b.bought, 0)""",
    ),
)
