"""A headless e-commerce backend: three services (customer, product, order) and what they share."""

__version__ = "0.1.0"
