import re

from shop.local.seed import customers, products


def test_there_are_fifty_products_and_twenty_customers():
    assert len({product["sku"] for product in products()}) == 50
    assert len({customer["email"] for customer in customers()}) == 20


def test_it_is_the_same_every_time():
    assert list(products()) == list(products())
    assert list(customers()) == list(customers())


def test_a_sku_is_of_the_form_that_the_contract_asks_for():
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", product["sku"]) for product in products())
