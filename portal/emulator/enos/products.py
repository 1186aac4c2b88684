"""Products. Read only. Source: "Search Product", "Get Product"."""

from portal.emulator import account
from portal.emulator.enos import (
    action,
    actions,
    check_key_pair,
    found,
    invalid,
    page_of,
    projection_of,
    read_body,
    refuse,
    success,
    wants_secret,
)
from portal.emulator.enos.expression import NotUnderstood, parse
from portal.emulator.enos.models import DEMO_MODEL
from portal.emulator.enos.secret import sealed
from portal.emulator.models import EnosModel, EnosProduct
from portal.emulator.resource import Objects, Resource

COLUMNS = {"productKey": "product_key", "modelId": "model__model_id"}


def describe(product):
    return {
        "orgId": product.org_id,
        "productKey": product.product_key,
        "productName": product.product_name,
        "productSecret": None,
        "productDesc": product.product_desc,
        "productType": product.product_type,
        "dataFormat": product.data_format,
        "productTags": product.product_tags,
        "modelId": product.model.model_id,
        "dynamicActivateEnabled": False,
        "biDirectionalAuth": False,
        "defaultValidDay": 365,
        "maxValidDay": 730,
        "createBy": "demo",
        "createTime": product.create_time,
        "updateBy": "demo",
        "updateTime": product.create_time,
    }


def _with_secret(product):
    hidden = sealed(product.product_secret)
    return {**describe(product), "productSecret": hidden["deviceSecret"], "sessionKey": hidden["sessionKey"]}


def _rows():
    return EnosProduct.objects.select_related("model").filter(org_id=account.ENOS_ORG).order_by("-pk")


@action("GET")
def get_product(request, app):
    if not request.GET.get("productKey"):
        raise invalid("productKey: is mandatory")
    product = _rows().filter(product_key=request.GET["productKey"]).first()
    if product is None:
        raise refuse(11611, "Product not found")
    return success(describe(product))


@action("POST")
def search_products(request, app):
    body = read_body(request, may_be_empty=True)
    number, size = page_of(body)
    projection = projection_of(body)
    with_secret = wants_secret(body)
    if with_secret:
        check_key_pair(app)
    try:
        query, rest = parse(body.get("expression", "")).as_query(COLUMNS)
    except NotUnderstood as error:
        raise invalid(f"expression: {error}") from None
    rows = _rows().filter(query)
    fits = rest and (lambda row: rest.fits(describe(row)))
    return found(rows, fits, number, size, _with_secret if with_secret else describe, projection)


products = actions(get=get_product, search=search_products)


def seed():
    EnosProduct.objects.create(
        org_id=account.ENOS_ORG,
        product_key=account.ENOS_PRODUCT,
        product_secret="DemoProductSecret000",
        product_name={
            "defaultValue": "Demo product",
            "i18nValue": {"en_US": "Demo product", "zh_CN": "演示产品"},
        },
        product_desc="Product of the demo account",
        model=EnosModel.objects.get(model_id=DEMO_MODEL),
        create_time=account.SEED_TIME_MS,
    )


RESOURCE = Resource(
    slug="enos/products",
    urls={
        "connect-service/v2.4/products": products,
        "connect-service/v2.1/products": products,
    },
    tables=(EnosProduct,),
    seed=seed,
    listing=search_products,
    state={"enos/products": Objects(EnosProduct.objects, "product_key", "product_name")},
)
