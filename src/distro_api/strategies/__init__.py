"""How suppliers sell: who may buy what, when, at which price, within which limits, and what a refund costs."""
