"""The order service: owns orders, their lines with the prices agreed, their life and timeline.

It never keeps stock, prices or customers: it asks product to reserve, commit and release by order
id, and tells customer which orders there are. It never trusts a price from a caller, and never
calls a peer for something that is not first written down in the order's own document.
"""
