"""Members of a stacking: what is asked of one, short trials, shares, and what they predict together."""
