"""Which names stand for secrets.

Would catch: a password that is written down, a harmless value that nobody can read.
"""

import pytest

from portal.secrecy import is_secret_name

SECRET = """
    password passwd Password PASSWORD passwords user_pass pass pwd psk pin puk otp passphrase secret secrets
    deviceSecret app_secret secret_key secretKey token tokens X-Auth-Token access_token security_token bearer
    authorization Authorization signature signatures credential credentials cookie Set-Cookie ak sk AK SK
    sessionKey session_key appKey app_key access_key accessKey privateKey private_key api_key apiKey apikey
    APIKey APIkey wifi_key wifiKey WiFi-Key WIFIPassword encryption_key connection_string ConnectionString
    aes256Key wpa2_psk password2 passWord api_keys accesstoken apim_refreshtoken clientsecret nwkSKey
    access_code device_tags-0-password WiFi密码
    sharedaccesskey secretvalue usersecretkey passwordhash apikeyvalue rsaprivatekey clientsecretvalue
    setcookie privkey tls_key encKey bindKey ftppass creds
    passwort Passwort1 kennwort 設備密碼 密鑰 私钥 金鑰 秘钥 凭证 凭据 憑證 驗證碼
""".split()
HARMLESS = """
    passenger_lift compass bypass overpass lowpass highpass tokenizer_name secretary
    secretariat author authorized design spin Spin Task monkey
    keyboard
    productKey product_key deviceKey device_key requireSecret require_secret public_key ssh_public_key
    key keys sort_key tag_key operation_key device_tags-0-value error_code platform_code sk_SK
    bus_name statement resources deviceName group_id items 0 名称
""".split()


@pytest.mark.parametrize("name", SECRET)
def test_the_name_of_a_secret_is_known_in_any_spelling(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_name_that_only_contains_the_letters_of_one_is_harmless(name):
    assert not is_secret_name(name)


def test_a_name_that_is_no_name_is_not_trusted():
    assert is_secret_name("x" * 1000)
    assert not is_secret_name("x" * 100)
