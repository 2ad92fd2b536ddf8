"""The whole shop on this machine: finds or fetches the real servers, starts them and the services.

It knows the services only as programs (flags, environment, what they tell Consul), and imports
none of them. Whatever it starts it writes down in ``.shop/state.json``, and stops only that.
"""
