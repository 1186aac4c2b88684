"""Clients of the emulated clouds, for tests. They know the demo account, but use no code of the portal."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import requests

PROJECT = "0123456789abcdef0123456789abcdef"
SPACE = "jeQDJQZltU8iKgFFoW060F5SGZka"
SECOND_SPACE = "secondSpace0000000000000000"
GROUP = "04ed32dc1b0025b52fe3c01a27c2b0a8"
AK, SK = "DEMOAK0000000000EXMP", "DemoSK00000000000000000000000000000Exmpl"
ROMA_INSTANCE = "demo-roma-instance"
ROMA_APP = "ef3845be-091a-4ab5-869a-9de0025e2165"
ORG = "o15000000000001"
APP = ("11111111-2222-4333-8444-555555555555", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
APP_WITHOUT_KEY_PAIR = ("22222222-3333-4444-8555-666666666666", "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff")
APP_READER = ("33333333-4444-4555-8666-777777777777", "cccccccc-dddd-4eee-8fff-000000000000")

IOTDA = f"/v5/iot/{PROJECT}"
ROMA = f"/v2/{PROJECT}/link/instances/{ROMA_INSTANCE}/device-groups"
DEVICES = "/connect-service/v2.4/devices"
OLDER_DEVICES = "/connect-service/v2.1/devices"


def sign_in_body(user="demo-user", password="Demo-pass-1", domain="demo-account", scope=None):
    identity = {
        "methods": ["password"],
        "password": {"user": {"name": user, "password": password, "domain": {"name": domain}}},
    }
    return {"auth": {"identity": identity, "scope": scope or {"project": {"name": "cn-north-4"}}}}


class Caller:
    """Plain HTTP to the emulator; subclasses sign in."""

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def send(self, method, target, body=None, headers=None):
        """`target` is path and query as sent. A `body` of bytes is sent as it is, any other one as JSON."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {
            "Content-Type": "application/json",
            **self.credentials(method, target, data or b""),
            **(headers or {}),
        }
        return self.http.request(
            method, self.url + target, data=data, headers=headers, timeout=30, allow_redirects=False
        )

    def credentials(self, method, target, data):
        return {}

    def get(self, target, **query):
        return self.send("GET", f"{target}?{urlencode(query)}" if query else target)

    def post(self, target, body=None, **options):
        return self.send("POST", target, body, **options)

    def put(self, target, body=None, **options):
        return self.send("PUT", target, body, **options)

    def delete(self, target, **options):
        return self.send("DELETE", target, **options)


class TokenCaller(Caller):
    """Signs in at IAM with the first call, and stays signed in."""

    def __init__(self, url, **account):
        super().__init__(url)
        self.account = account
        self.token = ""

    def credentials(self, method, target, data):
        if not self.token:
            answer = Caller(self.url).post("/v3/auth/tokens", sign_in_body(**self.account))
            self.token = answer.headers["X-Subject-Token"]
        return {"X-Auth-Token": self.token}


class SigningCaller(Caller):
    """Signs with an access key. `seconds_off` shifts its clock."""

    def __init__(
        self,
        url,
        access=AK,
        secret=SK,
        *,
        derived=False,
        seconds_off=0,
        security_token="",
        region="cn-north-4",
    ):
        super().__init__(url)
        self.access, self.secret = access, secret
        self.derived = derived
        self.seconds_off = seconds_off
        self.security_token = security_token
        self.region = region
        self.unsigned = ()

    def credentials(self, method, target, data):
        date = datetime.fromtimestamp(time.time() + self.seconds_off, UTC).strftime("%Y%m%dT%H%M%SZ")
        path, _mark, query = target.partition("?")
        headers = {
            "content-type": "application/json",
            "host": self.url.partition("//")[2],
            "x-sdk-date": date,
        }
        if self.security_token:
            headers["x-security-token"] = self.security_token
        for name in self.unsigned:
            del headers[name]
        names = ";".join(sorted(headers))
        path = quote(path, safe="/~")
        canonical = (
            f"{method}\n{path if path.endswith('/') else path + '/'}\n{'&'.join(sorted(query.split('&')))}\n"
            + "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
            + f"\n{names}\n{hashlib.sha256(data).hexdigest()}"
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        if self.derived:
            info = f"{date[:8]}/{self.region}/iotdm"
            inner = hmac.digest(self.access.encode(), self.secret.encode(), "sha256")
            key = hmac.digest(inner, info.encode() + b"\x01", "sha256").hex()
            text = f"V11-HMAC-SHA256\n{date}\n{info}\n{digest}"
            head = f"V11-HMAC-SHA256 Credential={self.access}/{info}"
        else:
            key, text = self.secret, f"SDK-HMAC-SHA256\n{date}\n{digest}"
            head = f"SDK-HMAC-SHA256 Access={self.access}"
        signature = hmac.digest(key.encode(), text.encode(), "sha256").hex()
        authorization = f"{head}, SignedHeaders={names}, Signature={signature}"
        return {"X-Sdk-Date": date, "Authorization": authorization} | (
            {"X-Security-Token": self.security_token} if self.security_token else {}
        )


class EnosCaller(Caller):
    """Fetches a token with the first call and signs each one."""

    def __init__(self, url, key=APP[0], secret=APP[1]):
        super().__init__(url)
        self.key, self.secret = key, secret
        self.token = ""

    def proof(self, **more):
        timestamp = str(time.time_ns() // 1_000_000)
        encryption = hashlib.sha256(f"{self.key}{timestamp}{self.secret}".encode()).hexdigest()
        return {"appKey": self.key, "encryption": encryption, "timestamp": timestamp, **more}

    def sign_in(self):
        answer = Caller(self.url).post("/apim-token-service/v2.0/token/get", self.proof()).json()
        self.token = answer["data"]["accessToken"]
        return answer

    def credentials(self, method, target, data):
        if not self.token:
            self.sign_in()
        timestamp = str(time.time_ns() // 1_000_000)
        query = target.partition("?")[2]
        pairs = sorted(pair.partition("=")[::2] for pair in query.split("&"))
        glued = "".join(name + value for name, value in pairs).encode()
        signed = self.token.encode() + glued + data + timestamp.encode() + self.secret.encode()
        return {
            "apim-accesstoken": self.token,
            "apim-signature": hashlib.sha256(signed).hexdigest(),
            "apim-timestamp": timestamp,
        }

    def create(self, body):
        return self.post(f"{DEVICES}?action=create&orgId={ORG}", body)

    def change(self, action, body=None, method="POST", **query):
        """Update or delete: calls that only v2.1 has."""
        query = urlencode({"action": action, "orgId": ORG, **query})
        return self.send(method, f"{OLDER_DEVICES}?{query}", body)

    def search(self, body, what="devices"):
        return self.post(f"/connect-service/v2.4/{what}?action=search&orgId={ORG}", body)


def device(**changes):
    """A small valid body of the EnOS create call. A change to None removes the field."""
    body = {
        "productKey": "prodKey1",
        "deviceName": {"defaultValue": "Device Name"},
        "timezone": "+08:00",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def policy(**changes):
    statement = {
        "effect": "ALLOW",
        "actions": ["iotda:devices:publish"],
        "resources": ["topic:/v1/${devices.deviceId}/test/hello"],
    }
    body = {"policy_name": "myPolicyAllow", "statement": [statement], **changes}
    return {name: value for name, value in body.items() if value is not None}


def roma_group(**changes):
    body = {"parent_id": 10001, "name": "device_group", "app_id": ROMA_APP, **changes}
    return {name: value for name, value in body.items() if value is not None}
