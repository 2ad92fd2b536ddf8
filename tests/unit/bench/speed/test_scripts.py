import re

from bench.speed.scripts import gets, lua, new_customers, orders

AT = [("127.0.0.1", 8001), ("127.0.0.1", 8002)]


def test_lists_and_texts_are_written_as_lua_writes_them():
    assert lua([["a", 1], 'say "no"']) == '{{"a", 1}, "say \\"no\\""}'


def test_every_address_is_in_the_script():
    assert 'local addresses = {{"127.0.0.1", 8001}, {"127.0.0.1", 8002}}' in gets(AT, ["/x"])


def test_the_paths_go_with_their_etags():
    script = gets(AT, ["/a", "/b"], ['"1"', '"2"'])
    assert 'local paths = {"/a", "/b"}' in script
    assert 'local etags = {"\\"1\\"", "\\"2\\""}' in script
    assert "local etags = {}" in gets(AT, ["/a"])


def test_orders_name_the_customers_and_products():
    script = orders(AT, ["cus_1"], ["prd_1", "prd_2"])
    assert 'local customers = {"cus_1"}' in script
    assert 'local products = {"prd_1", "prd_2"}' in script


def test_customers_have_the_marker_in_their_email():
    assert '"email":"abc-%d-%d@example.org"' in new_customers(AT, "abc")


def test_no_placeholder_is_left():
    for script in (gets(AT, ["/a"]), orders(AT, ["c"], ["p"]), new_customers(AT, "m")):
        assert not re.search(r"\b(MARK|MARKER|PATHS|ETAGS|ADDRESSES|CUSTOMERS|PRODUCTS)\b", script)
