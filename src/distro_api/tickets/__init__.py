"""Ticket codes: issued with a sale, redeemed whole or in part, reversed, refunded, expired."""
