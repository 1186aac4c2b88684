"""What is shown of one object, and to whom: its values, and the operations that may have changed it."""

from portal.kinds.masking import masked
from portal.operations.models import UNANSWERED, Operation
from portal.teams.access import may


def shown_values(user, kind, row):
    """{model field: value}; secrets only to those who can read them in the form too."""
    fields = {field: getattr(row, field.name) for field in kind.model.platform_fields()}
    if reads_secrets(user, kind, row):
        return fields
    hidden = masked({field.name: value for field, value in fields.items()})
    return {field: hidden[field.name] for field in fields}


def reads_secrets(user, kind, row):
    return any(verb.name == "update" and may(user, verb.right, row) for verb in kind.verbs)


def doubts_about(user, kind, row):
    """Operations on the object that may or may not have happened."""
    operations = Operation.objects.visible_to(user).filter(state__in=UNANSWERED, kind_slug=kind.slug)
    return list(operations.about(row).order_by("created_at"))
