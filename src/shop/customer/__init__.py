"""The customer service: owns the customers, and the links from customers to their orders.

It calls no other service, and knows of an order only what the order service tells it.
"""
