"""Volatility from option prices: one price, one expiry, a whole chain."""
