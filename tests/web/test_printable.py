"""What people may call something in the portal's own fields.

Would catch: a team that looks like another, a name that turns the sentence it stands in.
"""

import pytest
from django import forms

from portal.api.bodies import Body
from portal.connections.forms import ConnectionForm
from portal.operations.forms import TicketField
from portal.teams.forms import AcceptForm, InvitationForm, TeamForm
from portal.web.printable import printable

pytestmark = pytest.mark.anywhere

REFUSED = [
    "a\nb",
    "a\r\nb",
    "a\tb",
    "a\0",
    "a\x7f",
    "a\x85",
    "a\u200bb",
    "\u2028",
    "a\u202eb",
    "\ufeff",
    "\ud800",
]
TAKEN = ["Plant 3", "上海工厂", "Zürich", "مصنع", "می‌خواهم", "👩‍🔧", "❤️", "名\U000e0100", ""]


def refuses(validate, text):
    try:
        validate(text)
    except forms.ValidationError:
        return True
    return False


def test_what_is_not_seen_or_turns_the_text_is_refused():
    assert [text for text in REFUSED if not refuses(printable, text)] == []
    assert [text for text in TAKEN if refuses(printable, text)] == []


def test_each_field_of_the_portals_own_asks_the_same():
    fields = [
        ConnectionForm.base_fields["name"],
        InvitationForm.base_fields["email"],
        AcceptForm.base_fields["name"],
        TeamForm.base_fields["name"],
        TicketField(),
        Body().fields["ticket"],
    ]
    assert all(printable in field.validators for field in fields)
