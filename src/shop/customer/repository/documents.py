"""Between the model and MongoDB's documents, which use the names of the API."""

from typing import Any

from shop.common.address import Address
from shop.common.money import Money
from shop.common.mongo import Document
from shop.customer.model import (
    Customer,
    CustomerDetails,
    CustomerStatus,
    OrderLink,
    OrderLinkDetails,
    OrderStatus,
)


def details_fields(details: CustomerDetails) -> Document:
    """Return the fields of a customer that a caller may set; ``emailKey`` is compared by."""
    return {
        "email": details.email,
        "emailKey": details.email.lower(),
        "firstName": details.first_name,
        "lastName": details.last_name,
        "phone": details.phone,
        "addresses": [_from_address(address) for address in details.addresses],
    }


def from_customer(customer: Customer) -> Document:
    """Return a new customer's document."""
    return {
        "_id": customer.id,
        **details_fields(customer),
        "status": customer.status.value,
        "createdAt": customer.created_at,
        "updatedAt": customer.updated_at,
        "version": customer.version,
    }


def to_customer(document: Document) -> Customer:
    """Return the customer that a document holds."""
    return Customer(
        id=document["_id"],
        email=document["email"],
        first_name=document["firstName"],
        last_name=document["lastName"],
        phone=document["phone"],
        addresses=tuple(_to_address(address) for address in document["addresses"]),
        status=CustomerStatus(document["status"]),
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        version=document["version"],
    )


def link_fields(details: OrderLinkDetails) -> Document:
    """Return the fields of a link that the order service sets."""
    total = details.total
    return {
        "status": details.status.value,
        "total": total and {"amount": total.amount, "currency": total.currency},
        "placedAt": details.placed_at,
        "orderVersion": details.order_version,
    }


def to_link(document: Document) -> OrderLink:
    """Return the link that a document holds."""
    return OrderLink(
        customer_id=document["customerId"],
        order_id=document["orderId"],
        status=OrderStatus(document["status"]),
        total=Money(**document["total"]) if document["total"] else None,
        placed_at=document["placedAt"],
        order_version=document["orderVersion"],
        linked_at=document["linkedAt"],
        updated_at=document["updatedAt"],
        version=document["version"],
    )


def _from_address(address: Address) -> dict[str, Any]:
    return {
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "postalCode": address.postal_code,
        "country": address.country,
    }


def _to_address(document: dict[str, Any]) -> Address:
    return Address(
        line1=document["line1"],
        line2=document["line2"],
        city=document["city"],
        postal_code=document["postalCode"],
        country=document["country"],
    )
