"""Decides by its name whether a value is a secret, for the record and for kept form input; and knows how the
portal's own tokens look.

Names are judged by whole words: `userPassword`, `wifi_key` and `X-Auth-Token` are secrets; `compass`,
`passenger_lift` and `productKey` are not. In doubt the answer is yes: a wrong yes hides a harmless value, a
wrong no stores a secret for ever.
"""

import re
from functools import lru_cache

# A token of the API wherever it stands: iot_<id>_<secret>_<checksum> (teams/tokens/text.py makes them).
TOKEN = re.compile(r"iot_[0-9a-f]{32}_[0-9a-f]{64}_[0-9a-f]{8}")

# WIFIPassword -> WIFI Password, device_tags-0-value -> device tags value. Digits and signs separate words.
WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
# APIkey -> API key. WORDS would read AP Ikey, because it takes the last capital as the start of a word.
CAPITALS = re.compile(r"[A-Z]{2,}|[A-Z]?[a-z]+")

SECRET_WORDS = frozenset(
    "password passwd passphrase passcode pass pwd psw pswd pin puk otp totp psk secret token bearer jwt"
    " authorization signature cred credential cookie ak sk appskey nwkskey".split()
)
# Words that are written together: accesstoken, secretvalue, sharedaccesskey, ftppass, wpapsk, passwort.
GLUED = re.compile(
    r"passwor|passwd|passphrase|passcode|secret(?!ar)|token(?!i[sz])|credential|cookie|signature"
    r"|authorization|appkey$|(access|api|private|session|shared)key|(pwd|psk)$"
    r"|(?<!by)(?<!com)(?<!under)(?<!over)(?<!tres)(?<!sur)(?<!low)(?<!high)(?<!band)(?<!all)pass$"
)
# A key is a secret if one of these words says what it opens: wifi_key, nwkSKey. A sort_key or tag_key is not.
KEY_WORDS = frozenset(
    "access account activation admin aes api app auth authentication cipher client crypto decrypt decryption"
    " bind bootstrap cert dec des enc encrypt encrypted encryption enrollment fi hmac license link master"
    " network nwk pgp preshared priv private provision provisioning recovery registration root rsa sas secret"
    " security server service session shared sign signing ssh ssl storage tls vpn wep wifi wlan wpa".split()
)  # fi: Wi-Fi is two words
# Right before "key", these make it an id of the platforms, or something that everybody may see.
OPEN_KEYS = frozenset("product device public".split())
CODE_WORDS = frozenset("access activation auth pairing recovery security unlock verification verify".split())
PAIRS = frozenset(
    {("connection", "string"), ("conn", "string"), ("conn", "str"), ("basic", "auth")}
    | {(word, "code") for word in CODE_WORDS}
)
# Password, key, private key, passphrase, token, credential, verification code, in both ways to write Chinese,
# which has no blanks between words; and German.
NATIVE = re.compile(
    "密[码碼钥鑰]|[私秘金][钥鑰]|口令|令牌|[凭憑][证證据據]|[验驗][证證][码碼]|kennwort|geheim", re.IGNORECASE
)

# A switch of the platforms, and two locales of localized names (Slovak, Akan).
HARMLESS = frozenset({("require", "secret"), ("sk", "sk"), ("ak", "gh")})

NAME_MAX = 256  # characters; no real field has a longer name, so its value is hidden without a closer look


def is_secret_name(name):
    """Is the value under this name a secret? `name` is a JSON member, a form field or a header."""
    return len(name) > NAME_MAX or _judge(name)


@lru_cache(maxsize=4096)
def _judge(name):
    if NATIVE.search(name):
        return True
    return _are_secret(_words(WORDS, name)) or _are_secret(_words(CAPITALS, name))


def _words(pattern, name):
    """The words of a name in lower case and in the singular."""
    return tuple(_singular(word.lower()) for word in pattern.findall(name))


def _singular(word):
    if word == "passes":
        return "pass"
    is_plural = len(word) > 3 and not word.endswith("ss")  # aes and access are no plurals
    return word.removesuffix("s") if is_plural else word


def _are_secret(words):
    if words in HARMLESS:
        return False
    return (
        any(word in SECRET_WORDS or GLUED.search(word) for word in words)
        or any(pair in PAIRS for pair in zip(words, words[1:], strict=False))
        or _has_secret_key(words)
    )


def _has_secret_key(words):
    for number, word in enumerate(words):
        if word.endswith("key") and word.removesuffix("key") in KEY_WORDS:
            return True  # apikey, wifikey
        before = words[:number]
        if word == "key" and not KEY_WORDS.isdisjoint(before) and before[-1] not in OPEN_KEYS:
            return True
    return False
