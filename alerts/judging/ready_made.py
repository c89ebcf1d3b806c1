"""Rules to begin with: the founding question, and what a desk asks next."""

RULES = """\
[[rules]]                       # is Nvidia now more volatile than Bitcoin?
name = "nvda-above-btc"
pair = "NVDA/BTC"
comparison = "implied"
margin = 0.0
hysteresis = 0.01
for = "15m"

[[rules]]                       # the same of what prices did in the last 30 days
name = "nvda-realised-above-btc"
pair = "NVDA/BTC"
comparison = "close-to-close/30d"
margin = 0.0
hysteresis = 0.01
for = "15m"

[[rules]]                       # a spread that its last 30 days do not know
name = "nvda-btc-unusual"
pair = "NVDA/BTC"
comparison = "implied"
watch = "z-score"
when = "outside"                # beyond 3 or below -3
margin = 3.0
hysteresis = 0.5
for = "15m"

[[rules]]                       # one method on both option chains, either way
name = "nvda-btc-like-for-like"
pair = "NVDA/BTC"
comparison = "vix/30d"
when = "crosses"
margin = 0.0
hysteresis = 0.01
for = "15m"
only_when = "open"              # NVDA's options are quoted in its own hours

[[rules]]                       # options dear by their own year
name = "nvda-rank-high"
pair = "NVDA/BTC"
comparison = "implied"
watch = "left-rank"
margin = 0.9
hysteresis = 0.1
for = "15m"
repeat_every = "1d"

[[rules]]                       # a day's move beyond 3 standard deviations
name = "nvda-moves"
pair = "NVDA"
comparison = "daily_move"
watch = "ratio"
margin = 3.0
hysteresis = 0.5

[[rules]]
name = "btc-moves"
pair = "BTC"
comparison = "daily_move"
watch = "ratio"
margin = 3.0
hysteresis = 0.5
"""
"""As they would stand in ``volcross.toml``."""
