"""The proof of points."""

from distro_api.core.verify import Check

CHECKS = (
    Check(
        "what an award gave and took is what was booked for it",
        """SELECT w.rule_id, w.order_id, w.awarded, w.reversed, b.awarded AS booked, b.reversed AS unbooked
        FROM incentive_awards w LEFT JOIN (SELECT m.rule_id, m.order_id,
            sum(greatest(e.amount, 0)) AS awarded, sum(greatest(-e.amount, 0)) AS reversed
            FROM incentive_movements m JOIN entries e ON e.transfer_id = m.transfer_id AND e.account_id = m.account_id
            WHERE m.rule_id IS NOT NULL GROUP BY 1, 2) b USING (rule_id, order_id)
        WHERE (w.awarded, w.reversed) <> (coalesce(b.awarded, 0), coalesce(b.reversed, 0))""",
    ),
    Check(
        "every change of points says what it was for, and is its owner's in that unit",
        """SELECT e.transfer_id FROM entries e JOIN accounts a ON a.id = e.account_id
        LEFT JOIN incentive_movements m ON m.transfer_id = e.transfer_id
        LEFT JOIN incentive_awards w USING (rule_id, order_id)
        WHERE a.kind IN ('synergy', 'bonus') AND (m.account_id = a.id AND m.organization_id = a.owner_id
            AND m.supplier_id = a.supplier_id AND m.unit = a.unit AND e.reference_id = coalesce(m.order_id, m.redemption_id)
            AND (m.rule_id IS NULL OR w.account_id = a.id)) IS NOT TRUE""",
    ),
    Check(
        "an award that does not stand has nothing on the account",
        "SELECT rule_id, order_id FROM incentive_awards WHERE NOT standing AND awarded <> reversed",
    ),
    Check(
        "a redemption took its points and gave its money",
        """SELECT r.id FROM bonus_redemptions r LEFT JOIN transfers t ON t.reference_id = r.id GROUP BY r.id
        HAVING (count(*) = 2 AND sum(t.amount) FILTER (WHERE t.kind = 'points_redeemed' AND t.unit = 'bonus') = r.points
            AND sum(t.amount) FILTER (WHERE t.kind = 'bonus_redeemed' AND t.unit = 'CNY') = r.amount) IS NOT TRUE""",
    ),
)
