"""The product service owns the catalogue and the stock: what is sold, at what price, how many.

It sells from the shelf and nowhere else: whatever is reserved was available, and every change of
stock is applied exactly once (docs/adr/0011). It never knows what an order is beyond the id that
a reservation bears, never calls another service, and never changes stock by a catalogue write.
"""
