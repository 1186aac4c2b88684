"""Tokens for a user's password. Signatures and the checking of tokens are in auth.py.

Source: IAM API Reference, "Obtaining a User Token Through Password Authentication".
"""

from datetime import UTC, datetime

from portal.emulator import account, auth
from portal.emulator.iam import refuse
from portal.emulator.models import Token
from portal.emulator.resource import Resource, by
from portal.emulator.wire import Refused, Unreadable, read_object, refusal, reply


def create_token(request):
    try:
        body = read_object(request)
        user, project_id = _signed_in(body)
    except Unreadable as error:
        return refusal(refuse(400, "The request body is invalid", str(error)))
    except (KeyError, TypeError, AttributeError):
        return refusal(
            refuse(400, "The request body is invalid", "auth.identity or auth.scope has another form")
        )
    except Refused as refused:
        return refusal(refused)
    token, expires_at = auth.issue_token(user, project_id)
    return reply(201, {"token": _described(user, project_id, expires_at)}, {"X-Subject-Token": token})


def _signed_in(body):
    """(user, project id or ""). A body of another form raises KeyError, TypeError or AttributeError."""
    identity = body["auth"]["identity"]
    claim = identity["password"]["user"]
    name, password, domain = claim["name"], claim["password"], claim["domain"]["name"]
    if identity["methods"] != ["password"] or not all(
        isinstance(text, str) for text in (name, password, domain)
    ):
        raise TypeError
    user = account.USERS.get(name)
    if user is None or user.password != password or domain != account.DOMAIN:
        raise refuse(401, "The username or password is wrong.")
    scope = body["auth"].get("scope", {})
    if "project" not in scope:
        wanted = scope.get("domain", {})
        if (
            wanted.get("name", account.DOMAIN) != account.DOMAIN
            or wanted.get("id", account.DOMAIN_ID) != account.DOMAIN_ID
        ):
            raise refuse(
                401, "The request you have made requires authentication.", "the scope's domain is unknown"
            )
        return user, ""
    project = scope["project"]
    named = project.get("id") == account.PROJECT_ID or (
        not project.get("id") and project.get("name") == account.REGION
    )
    if not named:
        raise refuse(
            401, "The request you have made requires authentication.", "the scope's project is unknown"
        )
    return user, account.PROJECT_ID


def _described(user, project_id, expires_at):
    domain = {"id": account.DOMAIN_ID, "name": account.DOMAIN}
    role = {"id": "0", "name": "te_admin" if user.may_write else "readonly"}
    token = {
        "expires_at": _stamp(datetime.fromtimestamp(expires_at, UTC)),
        "issued_at": _stamp(datetime.now(UTC)),
        "methods": ["password"],
        "user": {"id": user.user_id, "name": user.name, "domain": domain, "password_expires_at": ""},
        "roles": [role],
        "catalog": [],
    }
    if project_id:
        token["project"] = {"id": project_id, "name": account.REGION, "domain": domain}
    else:
        token["domain"] = domain
    return token


def _stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


RESOURCE = Resource(
    slug="iam/tokens",
    urls={"auth/tokens": by(POST=create_token)},
    tables=(Token,),
    forget=auth.forget_tokens,
)
