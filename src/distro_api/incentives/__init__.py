"""Synergy and bonus points: earned by a supplier's rules, reversed with refunds, bonus redeemed into prepaid money."""
