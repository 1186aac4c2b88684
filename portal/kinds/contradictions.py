"""What stops the portal at start: a kind whose parts contradict each other."""

from portal.kinds.validating import snake


def contradictions(kind):
    """Yield a sentence for each contradiction between the parts of a kind.

    A field that is in the form but is not sent would be lost. A field that is edited but not in the form
    would be cleared by every save. A field that the platform requires and the form does not is refused by the
    platform, after it was sent.
    """
    collection = kind.declared
    for verb in kind.verbs:
        yield from _taken(kind, verb)
        if verb.form is None:
            continue
        typed = set(verb.form.platform_fields())
        if verb.fields and typed != set(verb.fields):
            yield f"the form of {verb.name} has {sorted(typed)}, the verb edits {sorted(verb.fields)}"
        if verb.name == "update" and set(verb.fields) != set(collection.updates):
            yield f"update edits {sorted(verb.fields)}, the client sends {sorted(collection.updates)}"
        if verb.name == "create" and not typed <= set(collection.members):
            yield f"create asks for {sorted(typed)}, the client sends {sorted(collection.members)}"
        if forgetful := [
            name
            for name in sorted(typed)
            if verb.fields and not hasattr(verb.form.base_fields[name], "opened")
        ]:
            yield f"the form of {verb.name} would change {forgetful} by being pressed (resources/fields.py)"
        ruled = {snake(rule.name): rule for rule in verb.form.contract}
        required = {name for name, rule in ruled.items() if rule.required}
        if verb.name == "update" and required != set(collection.resent):
            yield f"every update must carry {sorted(required)}, the client sends {sorted(collection.resent)}"
        if unruled := typed - set(ruled):
            yield f"no rule of the platform is known for {sorted(unruled)}, which {verb.name} asks for"
        if verb.name == "create":
            asked = {name for name in typed if verb.form.base_fields[name].required}
            if missing := required - asked:
                yield f"the platform requires {sorted(missing)}, the form of create does not"
    named = {verb for each in kind.related for verb in (each.adds, each.removes) if verb}
    if unknown := named - {verb.name for verb in kind.verbs}:
        yield f"its related lists name {sorted(unknown)}, which are no verbs of it"
    if kind.expression and not hasattr(collection, "list_by_expression"):
        yield "it takes expressions, and its client has no list_by_expression"
    yield from _unknown_columns(kind)


def _taken(kind, verb):
    for each in verb.takes:
        if unknown := {each.id_in, *each.more} - set(verb.form.platform_fields() if verb.form else ()):
            yield f"{verb.name} takes {each.kind} as {sorted(unknown)}, which its form does not have"
        if each.kind.partition("/")[0] != kind.platform:
            yield f"{verb.name} takes {each.kind}, which is on another platform"


def _unknown_columns(kind):
    known = {field.name for field in kind.model._meta.get_fields()}
    if unknown := {*(column.name for column in kind.columns), *kind.filters, *kind.model.searched} - known:
        yield f"its mirror has no {sorted(unknown)}, which its list shows or filters by"
    scope = kind.declared.scope
    if bool(kind.within) != bool(scope) or not {scope} - {""} <= known:
        yield f"ids unique within {kind.within!r}: the client tells that by {scope!r}"
    if unknown := {*kind.refers, *kind.words, *kind.shown, *filter(None, [kind.own_id])} - known:
        yield f"its mirror has no {sorted(unknown)}, of which it says what that means"
    if kind.parent and (unknown := {kind.parent, f"{kind.parent}_key"} - known):
        yield f"its mirror has no {sorted(unknown)}, by which its tree finds what is inside an object"
    if kind.space and kind.space not in kind.refers:
        yield f"its space {kind.space} refers to no kind"
    if kind.model.space_path not in (kind.space, *(() if kind.space else ("remote_id",))):
        yield f"its mirror says of its space {kind.model.space_path!r}, the kind says {kind.space!r}"
    if foreign := [slug for slug in kind.refers.values() if not slug.startswith(f"{kind.platform}/")]:
        yield f"it refers to {sorted(foreign)}, which are of another platform"
