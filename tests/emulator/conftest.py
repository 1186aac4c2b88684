import pytest

from tests.emulator.clouds import APP_READER, APP_WITHOUT_KEY_PAIR, Caller, EnosCaller, TokenCaller


@pytest.fixture
def nobody(emulator):
    """Someone without credentials."""
    return Caller(emulator.url)


@pytest.fixture
def huawei(emulator):
    return TokenCaller(emulator.url)


@pytest.fixture
def reader(emulator):
    return TokenCaller(emulator.url, user="demo-reader", password="Demo-pass-2")


@pytest.fixture
def enos(emulator):
    return EnosCaller(emulator.url)


@pytest.fixture
def enos_reader(emulator):
    return EnosCaller(emulator.url, *APP_READER)


@pytest.fixture
def enos_without_key_pair(emulator):
    return EnosCaller(emulator.url, *APP_WITHOUT_KEY_PAIR)
