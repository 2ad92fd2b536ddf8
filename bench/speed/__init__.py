"""How fast the shop is: beside what the machine gives, and beside what one would take instead.

Everything runs on real servers of its own, on free ports. Rounds are interleaved over contenders,
so that what else the machine does falls on all alike, and what counts are ratios in a round.
"""
