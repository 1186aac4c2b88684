"""Devices in a group, as forms and evidence read them. The groups' collection has `devices(id, limit=)`."""

from portal.outside import folded

READ_MAX = 2000  # devices of a group, as far as one look reads


def ids_inside(bound, data):
    """(ids of the devices in the group, whether these are all): what effects.Members reads."""
    listing = bound.collection.devices(bound.remote_id, limit=READ_MAX)
    return {item["id"] for item in listing.items}, listing.complete


def inside_options(client, form, text):
    """Options of a Picker: the devices in the group whose name or id contains the text."""
    listing = form.kind.bound(client, form.target).collection.devices(form.target.remote_id, limit=READ_MAX)
    wanted = folded(text)
    found = [(item["id"], f"{item['name']} ({item['id']})") for item in listing.items]
    return [each for each in found if wanted in folded(each[1])]
