"""Budget: caps on money, tokens and time, and what calls cost."""
