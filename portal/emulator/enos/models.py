"""Thing models, which say what attributes the devices of a product have. Read only.

Source: EnOS Model Service API, "Get Thing Model", 3.0.0.
"""

from portal.emulator import account
from portal.emulator.enos import NOT_FOUND, action, actions, invalid, refuse, success
from portal.emulator.models import EnosModel
from portal.emulator.resource import Resource

DEMO_MODEL = "demoModel"


@action("GET")
def get_model(request, app):
    """`scope` (attributes, measurepoints, ...) narrows the answer; several are joined by commas."""
    if not request.GET.get("modelId"):
        raise invalid("modelId: is mandatory")
    model = EnosModel.objects.filter(org_id=account.ENOS_ORG, model_id=request.GET["modelId"]).first()
    if model is None:
        raise refuse(NOT_FOUND, "Not Found resource:  modelId does not exist")
    parts = ("attributes", "measurepoints", "services", "events")
    wanted = [part for part in request.GET.get("scope", "").split(",") if part in parts]
    data = {
        name: value
        for name, value in model.document.items()
        if not wanted or name not in parts or name in wanted
    }
    return success(data)


def seed():
    EnosModel.objects.create(model_id=DEMO_MODEL, org_id=account.ENOS_ORG, document=DOCUMENT)


def _attribute(identifier, name, data_type):
    return {
        "identifier": identifier,
        "name": {"defaultValue": name, "i18nValue": {}},
        "desc": "",
        "tags": {},
        "dataType": data_type,
        "unit": None,
        "isRequired": False,
    }


DOCUMENT = {
    "modelId": DEMO_MODEL,
    "modelIdPath": f"/{DEMO_MODEL}",
    "orgId": account.ENOS_ORG,
    "name": {"defaultValue": "Demo model", "i18nValue": {"en_US": "Demo model", "zh_CN": "演示模型"}},
    "desc": "Model of the demo product",
    "tags": {},
    "attributes": {
        "serial": _attribute("serial", "Serial number", "INT"),
        "location": _attribute("location", "Location", "STRING"),
        "commissioned": _attribute("commissioned", "Commissioned", "BOOL"),
    },
    "measurepoints": {},
    "services": {},
    "events": {},
}


RESOURCE = Resource(
    slug="enos/models",
    urls={"model-service/v2.1/thing-models": actions(get=get_model)},
    tables=(EnosModel,),
    seed=seed,
)
