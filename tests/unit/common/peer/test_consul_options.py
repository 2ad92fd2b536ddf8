import ssl

import pytest

from shop.common.peer import ConsulOptions, TlsFileError, tls_context


@pytest.mark.parametrize("urls", ["http://127.0.0.1:8500", ()])
def test_one_text_or_nothing_in_place_of_addresses_is_refused(urls):
    with pytest.raises(ValueError, match="urls"):
        ConsulOptions(urls)


def test_the_token_is_not_shown():
    assert "hunter2" not in repr(ConsulOptions(token="hunter2"))


def test_without_files_the_systems_authorities_are_trusted_and_it_is_made_once():
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert tls_context() is context


@pytest.fixture
def text(tmp_path):
    """A file that is there, and no certificate."""
    (tmp_path / "text.pem").write_text("not a certificate")
    return str(tmp_path / "text.pem")


def test_a_file_that_is_not_there_is_named(tmp_path):
    missing = str(tmp_path / "missing.pem")
    for files in ((missing,), ("", missing), ("", "", missing)):
        with pytest.raises(TlsFileError, match="No such file") as error:
            tls_context(*files)
        assert error.value.file == missing


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    with pytest.raises(TlsFileError, match="Is a directory"):
        tls_context(str(tmp_path))


def test_a_file_without_a_certificate_is_named(text):
    for files in ((text,), ("", text), ("", text, text)):
        with pytest.raises(TlsFileError, match="holds no certificate") as error:
            tls_context(*files)
        assert error.value.file == text


def test_a_key_alone_is_refused(text):
    with pytest.raises(TlsFileError, match="is a key without a certificate"):
        tls_context("", "", text)
