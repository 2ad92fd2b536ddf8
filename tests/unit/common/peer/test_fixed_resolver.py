import pytest

from shop.common.peer import FixedResolver, Instance, WatchView


async def test_reads_instances_by_service_in_their_order():
    resolver = FixedResolver.parse(" customer=http://h:1 ,customer=http://h2:2/,product=https://p")
    assert await resolver.resolve("customer") == (
        Instance("customer", "h:1", "http://h:1"),
        Instance("customer", "h2:2", "http://h2:2"),
    )
    assert await resolver.resolve("product") == (Instance("product", "p", "https://p"),)


@pytest.mark.parametrize("text", ["", "  ", ","])
async def test_reads_nothing_as_no_instances(text):
    assert await FixedResolver.parse(text).resolve("customer") == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("customer", "'customer' is not of the form service=http://host:port"),
        ("=http://h:1", "is not of the form"),
        ("customer=", "is not of the form"),
        ("customer=h:1", "'h:1' of customer is not a URL like http://host:port"),
        ("customer=ftp://h:1", "is not a URL"),
        ("customer=http://", "is not a URL"),
        ("customer=http://h:x", "is not a URL"),
        ("customer=http://h:0", "is not a URL"),
        ("customer=http://h:65536", "is not a URL"),
        ("customer=http://[::1", "is not a URL"),
        ("customer=http://me:pw@h:1", "may not hold a user"),
        ("customer=http://h:1?a=b", "may not hold a user, a query"),
        ("customer=http://h:1,customer=http://h:1/", "customer=http://h:1 is named twice"),
    ],
)
def test_says_what_is_wrong_with_bad_input(text, complaint):
    with pytest.raises(ValueError) as error:  # noqa: PT011  # the text is what is tested
        FixedResolver.parse(text)
    assert complaint in str(error.value)


async def test_its_views_are_always_of_now():
    views = FixedResolver.parse("customer=http://h:1,customer=http://h:2,product=http://p").views()
    assert views == {"customer": WatchView(2, 0.0, True), "product": WatchView(1, 0.0, True)}
