"""All resources of all clouds. Importing this module finds and checks them, so a mistake shows at start.

A cloud is a package beside this file that has a `CLOUD`; a resource is a module in such a package that has
a `RESOURCE` (see resource.py).
"""

import pkgutil
import re
from collections import Counter
from graphlib import TopologicalSorter
from importlib import import_module
from urllib.parse import unquote

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import QueryDict
from django.urls import Resolver404, path, resolve

from portal import emulator
from portal.emulator.knobs import knobs
from portal.emulator.models import writing
from portal.emulator.writes import writes


def _find():
    """Yield (cloud, resource) for each resource file."""
    for folder in pkgutil.iter_modules(emulator.__path__):
        package = import_module(f"{emulator.__name__}.{folder.name}") if folder.ispkg else None
        if not hasattr(package, "CLOUD"):
            continue
        for file in pkgutil.iter_modules(package.__path__):
            module = import_module(f"{package.__name__}.{file.name}")
            if hasattr(module, "RESOURCE"):
                yield package.CLOUD, module.RESOURCE


def _check(found):
    """Raises ImproperlyConfigured when two resources have the same thing, or when a table has no resource."""
    resources = [resource for _cloud, resource in found]
    tables = [table for resource in resources for table in resource.tables]
    urls = [cloud.prefix + url for cloud, resource in found for url in resource.urls]
    claims = {
        "slug": [resource.slug for resource in resources],
        "URL": [re.sub(r"<[^>]*>", "<>", url) for url in urls],
        "table": [table.__name__ for table in tables],
        "name in state": [name for resource in resources for name in resource.state],
        "limit": [name for resource in resources for name in resource.limits],
        "setting": [*knobs.values, *(name for resource in resources for name in resource.settings)],
    }
    for what, names in claims.items():
        for name, count in Counter(names).items():
            if count > 1:
                raise ImproperlyConfigured(f"the emulator has the {what} {name} {count} times")
    for table in set(apps.get_app_config("emulator").get_models()) - set(tables):
        raise ImproperlyConfigured(f"no resource of the emulator has the table {table.__name__}")
    for resource in resources:
        if resource.neighbour and not resource.listing:
            raise ImproperlyConfigured(f"{resource.slug} has a neighbour but no listing")


def _parents(table):
    """The tables that the foreign keys of `table` point to."""
    fields = table._meta.get_fields()
    return [field.related_model for field in fields if field.many_to_one and field.related_model is not table]


def _parent_resources(resource):
    owners = {table: each for _cloud, each in _found for table in each.tables}
    parents = [owners[parent] for table in resource.tables for parent in _parents(table)]
    return [parent for parent in parents if parent is not resource]


def _parents_first(items, parents):
    """The items, sorted so that each comes after the items that `parents(item)` lists."""
    return list(TopologicalSorter({item: parents(item) for item in items}).static_order())


_found = list(_find())
_check(_found)
RESOURCES = _parents_first([resource for _cloud, resource in _found], _parent_resources)
TABLES = _parents_first([table for resource in RESOURCES for table in resource.tables], _parents)

for _resource in RESOURCES:
    knobs.add(_resource.limits, _resource.settings)

urlpatterns = [
    path(cloud.prefix + url, view) for cloud, resource in _found for url, view in resource.urls.items()
]
_clouds = {
    (cloud.prefix + url).partition("/")[0]: cloud for cloud, resource in _found for url in resource.urls
}
_listings = {resource.listing: resource for resource in RESOURCES if resource.listing}
writes.watch(RESOURCES)


def cloud_at(address):
    """The Cloud whose URLs begin with the same word as this path (`/v5/...`), else None."""
    word, slash, _rest = address.removeprefix("/").partition("/")
    return _clouds.get(word) if slash else None


def listed_by(method, address, query):
    """The Resource whose list this request reads, else None."""
    try:
        view = resolve(unquote(address)).func
    except Resolver404:
        return None
    choose = getattr(view, "choose", None)  # only views made by `by` and `actions` have one
    return _listings.get(choose(method, QueryDict(query))) if choose else None


def is_empty():
    """True when there are no data at all, as in a fresh data directory."""
    return not any(table.objects.exists() for table in TABLES)


def restore():
    """Empty every table and put the demo account back, in one transaction (about 5 ms)."""
    with writing():
        with connection.cursor() as cursor:
            for table in reversed(TABLES):
                cursor.execute(f"DELETE FROM {table._meta.db_table}")
            cursor.execute("DELETE FROM sqlite_sequence WHERE name LIKE 'emulator\\_%' ESCAPE '\\'")
        for resource in RESOURCES:
            if resource.seed:
                resource.seed()


def fillers():
    """{option: functions that make many objects} of all resources, those that others build on first."""
    found = {}
    for resource in RESOURCES:
        for option, function in resource.fill.items():
            found.setdefault(option, []).append(function)
    return found


def forget():
    """Clear what resources keep in memory."""
    for resource in RESOURCES:
        if resource.forget:
            resource.forget()


def state():
    """{name: {count, ids, names}} of every resource, by name."""
    every = {name: objects for resource in RESOURCES for name, objects in resource.state.items()}
    return {name: objects.as_json() for name, objects in sorted(every.items())}
