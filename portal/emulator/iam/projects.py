"""Projects: the account has one. Source: IAM API Reference, "Querying Project Information"."""

from portal.emulator import account, auth
from portal.emulator.iam import refuse
from portal.emulator.resource import Resource, by
from portal.emulator.wire import refusal, reply


def list_projects(request):
    try:
        auth.huawei_caller(request)
    except auth.NotSignedIn as error:
        return refusal(refuse(401, "The request you have made requires authentication.", str(error)))
    project = {
        "id": account.PROJECT_ID,
        "name": account.REGION,
        "domain_id": account.DOMAIN_ID,
        "parent_id": account.DOMAIN_ID,
        "is_domain": False,
        "enabled": True,
        "description": "",
    }
    found = [project] if request.GET.get("name", account.REGION) == account.REGION else []
    return reply(200, {"projects": found, "links": {"self": "", "next": None, "previous": None}})


RESOURCE = Resource(slug="iam/projects", urls={"projects": by(GET=list_projects)})
