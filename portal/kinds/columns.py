"""Columns that most lists have."""

from django.utils.translation import gettext_lazy as _

from portal.kinds.parts import Column

NAME = Column(name="name", label=_("Name"))
ID = Column(name="remote_id", label=_("Id"), style="code")
STATUS = Column(name="status", label=_("Status"), style="status")
