"""What orders ask of product and customer, over HTTP. Every call is idempotent by its order's id.

A call that is not answered raises Unavailable; an answer that the contract does not foresee raises
UnexpectedAnswer. In both cases the outcome is not known, and the step is taken again.
"""

from shop.order.peers.asking import UnexpectedAnswer as UnexpectedAnswer
from shop.order.peers.customer import HttpCustomer as HttpCustomer
from shop.order.peers.product import HttpProduct as HttpProduct
