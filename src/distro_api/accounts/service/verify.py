"""The proof of the books."""

from distro_api.core.verify import Check

CHECKS = (
    Check(
        "entries of a book and unit add up to zero",
        """SELECT e.supplier_id, a.unit, sum(e.amount) AS difference FROM entries e JOIN accounts a ON a.id = e.account_id
        GROUP BY e.supplier_id, a.unit HAVING sum(e.amount) <> 0""",
    ),
    Check(
        "a direct or posting transfer has one entry on each of its two accounts",
        """SELECT t.id FROM transfers t LEFT JOIN entries e ON e.transfer_id = t.id WHERE t.state IN ('direct', 'post')
        GROUP BY t.id HAVING count(*) <> 2
            OR count(*) FILTER (WHERE e.account_id = t.debit_account_id AND e.amount = -t.amount) <> 1
            OR count(*) FILTER (WHERE e.account_id = t.credit_account_id AND e.amount = t.amount) <> 1""",
    ),
    Check(
        "a hold freezes its amount on its debit account, and a void frees it there",
        """SELECT t.id FROM transfers t LEFT JOIN transfers p ON p.id = t.pending_id LEFT JOIN entries e ON e.transfer_id = t.id
        WHERE t.state IN ('pending', 'void') GROUP BY t.id, p.amount HAVING count(*) <> 1
            OR count(*) FILTER (WHERE e.account_id = t.debit_account_id AND e.amount = 0
                AND e.frozen_delta = CASE t.state WHEN 'pending' THEN t.amount ELSE -p.amount END) <> 1""",
    ),
    Check(
        "a resolution is of a hold on the same accounts, takes no more than it, and frees all of it",
        """SELECT t.id FROM transfers t LEFT JOIN transfers p ON p.id = t.pending_id
        LEFT JOIN entries e ON e.transfer_id = t.id AND e.account_id = t.debit_account_id
        WHERE t.pending_id IS NOT NULL AND (p.id IS NULL OR p.state <> 'pending' OR t.amount > p.amount
            OR (t.debit_account_id, t.credit_account_id, t.supplier_id, t.unit)
                <> (p.debit_account_id, p.credit_account_id, p.supplier_id, p.unit)
            OR e.frozen_delta IS DISTINCT FROM -p.amount)""",
    ),
    Check(
        "a transfer stays in one book and one unit",
        """SELECT t.id FROM transfers t LEFT JOIN accounts d ON d.id = t.debit_account_id
        LEFT JOIN accounts c ON c.id = t.credit_account_id
        WHERE (d.supplier_id = t.supplier_id AND c.supplier_id = t.supplier_id AND d.unit = t.unit AND c.unit = t.unit)
            IS NOT TRUE""",
    ),
    Check(
        "balances are the sums of their entries",
        """SELECT a.id, a.posted, a.frozen, a.entry_count, s.posted AS sum_posted, s.frozen AS sum_frozen, s.n
        FROM accounts a LEFT JOIN (SELECT account_id, sum(amount) AS posted, sum(frozen_delta) AS frozen, count(*) AS n
            FROM entries WHERE account_version IS NOT NULL GROUP BY account_id) s ON s.account_id = a.id
        WHERE a.kind IN ('prepaid', 'credit', 'synergy', 'bonus')
            AND (a.posted, a.frozen, a.entry_count) <> (coalesce(s.posted, 0), coalesce(s.frozen, 0), coalesce(s.n, 0))""",
    ),
    Check(
        "contra accounts carry no balance of their own, limited ones no unnumbered entry",
        """SELECT a.id FROM accounts a WHERE a.kind NOT IN ('prepaid', 'credit', 'synergy', 'bonus')
            AND (a.posted <> 0 OR a.frozen <> 0 OR a.entry_count <> 0)
        UNION ALL SELECT e.account_id FROM entries e JOIN accounts a ON a.id = e.account_id
            WHERE (a.kind IN ('prepaid', 'credit', 'synergy', 'bonus')) <> (e.account_version IS NOT NULL)""",
    ),
    Check(
        "every entry follows from the one before it",
        """SELECT * FROM (SELECT e.account_id, e.account_version, e.balance_after, e.available_after, a.kind, a.unit,
            row_number() OVER w AS n, sum(e.amount) OVER w AS posted, sum(e.frozen_delta) OVER w AS frozen
            FROM entries e JOIN accounts a ON a.id = e.account_id WHERE e.account_version IS NOT NULL
            WINDOW w AS (PARTITION BY e.account_id ORDER BY e.account_version)) c
        WHERE c.account_version <> c.n OR c.balance_after <> c.posted OR c.frozen < 0
            OR c.available_after < c.posted - c.frozen
            OR (c.kind <> 'credit' AND c.available_after <> c.posted - c.frozen)""",
    ),
    Check(
        "what is frozen is what open holds froze",
        """SELECT a.id, a.frozen, coalesce(h.amount, 0) AS held FROM accounts a LEFT JOIN (
            SELECT p.debit_account_id AS id, sum(p.amount) AS amount FROM transfers p WHERE p.state = 'pending'
                AND NOT EXISTS (SELECT FROM transfers r WHERE r.pending_id = p.id) GROUP BY 1) h USING (id)
        WHERE a.frozen <> coalesce(h.amount, 0)""",
    ),
    Check(
        "no money account is below its limit",
        """SELECT id, kind, posted, frozen, limit_floor FROM accounts
        WHERE kind IN ('prepaid', 'credit') AND posted + limit_floor - frozen < 0""",
    ),
)
