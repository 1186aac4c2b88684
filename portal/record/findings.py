"""What a check of the record can find, in plain words, and the report that holds it."""

import json
from dataclasses import asdict, dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from portal.words import Said, Sentence, from_json, to_json

MOST = 50  # findings that are told one by one; the first of each kind is always told


class Result(models.TextChoices):
    GOOD = "good", gettext_lazy("The record is intact.")
    TAMPERED = "tampered", gettext_lazy("The record was tampered with.")
    UNCLEAR = "unclear", gettext_lazy("It cannot be told whether the record is intact.")


EXIT = {Result.GOOD: 0, Result.TAMPERED: 1, Result.UNCLEAR: 2}

# Entries
CHANGED = Sentence("verify.changed", _("Entry %(seq)s was changed: its hash is not that of what it says."))
MISPLACED = Sentence("verify.misplaced", _("Entry %(seq)s does not follow the entry that stands before it."))
GONE = Sentence("verify.gone", _("Entry %(seq)s is missing."))
UNREADABLE = Sentence(
    "verify.unreadable", _("Entry %(seq)s has a value or a version that no entry can have.")
)
TOO_NEW = Sentence("verify.too_new", _("Entry %(seq)s says something in a field that came after its time."))
NO_KEY = Sentence(
    "verify.no_key",
    _("Entry %(seq)s was hashed with the key %(key_id)s, which is not in PORTAL_RECORD_KEY."),
)
# Bodies
BODY_GONE = Sentence("verify.body_gone", _("The body of entry %(seq)s is missing."))
BODY_CHANGED = Sentence(
    "verify.body_changed", _("The body of entry %(seq)s is not the one it was written with.")
)
BODY_EMPTIED = Sentence(
    "verify.body_emptied", _("The body of entry %(seq)s was emptied, and no rule of a team did that.")
)
BODY_STRANGE = Sentence("verify.body_strange", _("There is a body for entry %(seq)s, which does not exist."))
SEARCH_CHANGED = Sentence(
    "verify.search_changed", _("Entry %(seq)s is searched by a text that is not what it says.")
)
SEARCH_OLDER = Sentence(
    "verify.search_older",
    _(
        "Entry %(seq)s is searched by a text that other rules wrote, those of %(folding)s, so it cannot be"
        " told whether that text was changed."
    ),
)
# The end
NO_HEAD = Sentence("verify.no_head", _("The head of the record is missing; run manage.py migrate."))
HEAD_DIFFERS = Sentence(
    "verify.head_differs",
    _("The head says that entry %(seq)s is the last one, but the last one is %(last)s."),
)
HEAD_HASH = Sentence("verify.head_hash", _("The head has another hash than the last entry, %(seq)s."))
NOTHING = Sentence("verify.nothing", _("The record has no entries, so nothing was checked."))
# What pages show beside entries
TRIGGER_GONE = Sentence(
    "verify.trigger_gone", _("The trigger %(name)s is missing or was changed; run manage.py migrate.")
)
TRIGGER_STRANGE = Sentence("verify.trigger_strange", _("The trigger %(name)s is not the portal's."))
STORY_DIFFERS = Sentence(
    "verify.story_differs", _("The list does not show what entry %(seq)s and those that belong to it say.")
)
STORY_STRANGE = Sentence(
    "verify.story_strange", _("The list has %(there)s rows; by the entries it should have %(wanted)s.")
)
FACET_DIFFERS = Sentence("verify.facet_differs", _("The filters count other rows than the list has."))
INDEX_DIFFERS = Sentence("verify.index_differs", _("The search index does not find what the record says."))
INDEX_UNCHECKED = Sentence("verify.index_unchecked", _("The search index could not be checked: %(error)s"))
# Checkpoints
TILE_DIFFERS = Sentence(
    "verify.tile_differs",
    _("Entries %(first)s to %(seq)s are not those that a checkpoint was made of, or their tile was changed."),
)
CUT = Sentence(
    "verify.cut",
    _("Checkpoint %(number)s was made of %(size)s entries, but there are %(last)s: the end was cut off."),
)
REWRITTEN = Sentence(
    "verify.rewritten",
    _("Checkpoint %(number)s was made of other entries: one of %(first)s to %(size)s was written anew."),
)
CHECKPOINT_GONE = Sentence("verify.checkpoint_gone", _("Checkpoint %(number)s is missing."))
CHECKPOINT_ORDER = Sentence(
    "verify.checkpoint_order", _("Checkpoint %(number)s has fewer entries than the one before it.")
)
SIGNATURE = Sentence("verify.signature", _("The signature of checkpoint %(number)s is wrong."))
NO_SIGNER = Sentence(
    "verify.no_signer",
    _("Checkpoint %(number)s was signed with the key %(key_id)s, which is not in PORTAL_CHECKPOINT_KEY."),
)
NO_CHECKPOINT = Sentence(
    "verify.no_checkpoint",
    _(
        "There is no checkpoint to compare with, so it cannot be told whether the end was cut off."
        " A worker makes one each minute."
    ),
)
# Copies
COPY_AHEAD = Sentence(
    "verify.copy_ahead",
    _(
        "%(file)s has checkpoint %(number)s of %(size)s entries, which the database does not have: the end"
        " was cut off, or an old backup was restored."
    ),
)
COPY_DIFFERS = Sentence(
    "verify.copy_differs",
    _(
        "%(file)s has another checkpoint %(number)s than the database: the record was written anew, or an old"
        " backup was restored and used."
    ),
)
COPY_FORGED = Sentence(
    "verify.copy_forged", _("Line %(line)s of %(file)s was changed: its signature is wrong.")
)
COPY_LACKS = Sentence(
    "verify.copy_lacks", _("%(file)s lacks checkpoints up to %(number)s, which were written there.")
)
COPY_UNREADABLE = Sentence("verify.copy_unreadable", _("%(file)s cannot be read: %(error)s"))
DATABASE = Sentence("verify.database", _("The database cannot be read: %(error)s"))


@dataclass(frozen=True)
class Finding:
    """`seq` is the number of the first entry that it is about, None if it is about none."""

    seq: int | None
    said: Said
    is_sure: bool = True  # else it keeps from telling

    @property
    def is_of_list(self):
        """Whether it is about a row of the list, which stands for all steps of an act."""
        return self.said.is_from(STORY_DIFFERS)


@dataclass
class Report:
    """What was checked, and what was found. `left_out` counts findings that are not told one by one."""

    entries: int = 0
    bodies: int = 0
    dropped: int = 0  # bodies that a team's rule had emptied
    checkpoints: int = 0
    copies: int = 0  # lines of file sinks
    last_checkpoint: int = 0  # how many entries it covers
    seconds: float = 0.0
    left_out: int = 0
    findings: list = field(default_factory=list)

    def add(self, sentence, seq=None, *, is_sure=True, **params):
        if "%(seq)s" in sentence.text:
            params["seq"] = seq
        self.take(Finding(seq, sentence(**params), is_sure))

    def take(self, finding):
        is_first = all(each.said.code != finding.said.code for each in self.findings)
        if is_first or len(self.findings) < MOST:
            self.findings.append(finding)
        else:
            self.left_out += 1

    @property
    def is_bad(self):
        return any(each.is_sure for each in self.findings)

    @property
    def result(self):
        if self.is_bad:
            return Result.TAMPERED
        return Result.UNCLEAR if self.findings else Result.GOOD

    @property
    def sorted(self):
        """What is sure first, then by the entry it is about; the list's rows come after the entries."""
        last = float("inf")
        return sorted(
            self.findings,
            key=lambda each: (not each.is_sure, each.is_of_list, each.seq is None, each.seq or last),
        )

    @property
    def first_bad(self):
        """Number of the first entry that something is wrong with; None if nothing is, or with none.

        A row of the list stands for all steps of an act and has the number of the first, which may be right.
        """
        sure = [each for each in self.findings if each.is_sure and each.seq is not None]
        entries = [each for each in sure if not each.is_of_list] or sure
        return min((each.seq for each in entries), default=None)

    def to_json(self):
        told = asdict(self) | {"result": str(self.result), "first_bad": self.first_bad}
        told["findings"] = [
            {"seq": each.seq, "is_sure": each.is_sure, "words": to_json(each.said), "text": each.said.plain}
            for each in self.sorted
        ]
        return told


def from_text(text):
    """The Report of a text that json.dumps made of `to_json`."""
    told = json.loads(text)
    findings = [Finding(each["seq"], from_json(each["words"]), each["is_sure"]) for each in told["findings"]]
    known = {name: told[name] for name in Report.__dataclass_fields__ if name in told}
    return Report(**{**known, "findings": findings})
