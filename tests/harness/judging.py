"""The judge: compares what the portal concludes of each operation with what the emulator's log says was done.

It believes the portal nothing but the ids of operations. `told` is what the portal says (Told, one for each
operation), `deeds` what was done on the platform (Deed, in order of the commits), both plain values, so that
a test can plant a lie in either.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from portal.kinds.identity import is_within
from portal.operations.answered import ALREADY_GONE
from portal.operations.attempts import HttpAttempt
from portal.operations.models import HAPPENED, RUNNING, Operation, State
from portal.record.models import Entry
from tests.examples import EXAMPLES, every_change

TAG = "X-Harness"
OUTSIDE = "outside"  # the tag of a colleague who works in the platform's own console
CHANGE_OF = {"create": "made", "update": "changed", "sync": "changed", "delete": "removed"}
# What the platform makes and removes with an object by itself: a space has a default policy of its own.
COMPANIONS = {"iotda/spaces": "iotda/policies"}
CLOCK_SECONDS = 0.01  # times of two processes are read a moment apart
SEEN_SECONDS = 10  # an object that came in late is seen after this: an absent create is looked for by then


def moment(at):
    """A time for the report: seconds, of which only differences matter."""
    return f"{at % 10_000:.2f}"


@dataclass(frozen=True)
class Told:
    id: str
    slug: str
    verb: str
    state: str
    object_id: str
    attempts: tuple  # times of the HTTP attempts as they are recorded, as timestamps
    created: float
    ended: float | None
    looks: int
    scope: str = ""  # what `object_id` is unique within
    says_gone: bool = False  # "there was nothing left to delete"
    how: str = ""  # what led to this end, for the report

    @property
    def happened(self):
        return self.state in HAPPENED

    def __str__(self):
        about = f"operation {self.id}, object {self.object_id or '-'}, {len(self.attempts)} attempts"
        times = f"asked {moment(self.created)}, ended {moment(self.ended) if self.ended else '-'}"
        return f"{self.verb} {self.slug} {self.state} ({about}; {times}; {self.how})"


@dataclass(frozen=True)
class Deed:
    """One write. `by` is the operation whose request caused it, OUTSIDE, or "" for a request of nobody."""

    number: int
    at: float
    by: str
    attempt: int
    slug: str
    id: str
    change: str
    asked: float  # when the request came
    scope: str = ""

    def __str__(self):
        who = f"attempt {self.attempt} of {self.by}" if self.attempt else self.by or "nobody"
        return f"{moment(self.at)} write {self.number}: {self.id} {self.change} by {who}"


@dataclass(frozen=True)
class Sent:
    """One request that would change something, served or not."""

    number: int
    at: float
    by: str
    attempt: int
    slug: str
    verb: str


@dataclass
class Verdict:
    """`wrong` are (code, sentence), `counts` are numbers of right conclusions by (verb, state).

    `beside` counts the conclusions that are not true of which nobody could have known better.
    """

    wrong: list = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    beside: Counter = field(default_factory=Counter)

    def add(self, code, *about):
        self.wrong.append((code, "; ".join(map(str, about))))

    @property
    def codes(self):
        return Counter(code for code, _about in self.wrong)


def told_by(operation):
    attempts = tuple(HttpAttempt.from_json(each).at.timestamp() for each in operation.attempts or [])
    return Told(
        id=str(operation.pk),
        slug=operation.kind_slug,
        verb=operation.verb_name,
        state=operation.state,
        object_id=operation.object_id,
        attempts=attempts,
        created=operation.created_at.timestamp(),
        ended=operation.ended_at.timestamp() if isinstance(operation.ended_at, datetime) else None,
        looks=len(operation.looks or []),
        scope=operation.object_scope,
        says_gone=(operation.words or {}).get("code") == ALREADY_GONE.code,
        how=_how(operation),
    )


def _how(operation):
    words = [operation.cause, f"decided: {operation.decision}" if operation.decision else ""]
    words += [(operation.words or {}).get("code", "")]
    words += [(look.get("words") or {}).get("code", look["verdict"]) for look in operation.looks or []]
    return " ".join(filter(None, words))


def all_told():
    return [told_by(each) for each in Operation.objects.order_by("created_at").iterator()]


def tag_of(request):
    """(operation, attempt) that a request names."""
    by, _blank, attempt = request["headers"].get(TAG, "").partition(" ")
    return by, int(attempt or 0)


def sent_by(request):
    """The request as Sent; None if it is none that changes something."""
    for slug, verb in every_change():
        if EXAMPLES[slug].calls[verb].is_made_by(request):
            return Sent(request["number"], request["time"], *tag_of(request), slug, verb)
    return None


def deed_of(write, request):
    return Deed(
        number=write["number"],
        at=write["time"],
        by=tag_of(request)[0] if sent_by(request) else OUTSIDE,  # a list that somebody changes as it is read
        attempt=tag_of(request)[1],
        slug=write["resource"],
        id=str(write["id"]),
        change=write["change"],
        asked=request["time"],
        scope=write["scope"],
    )


def _is_about(each, deed):
    """Whether a deed was done to the object that an operation names."""
    return (deed.slug, deed.id) == (each.slug, each.object_id) and is_within(each.scope, deed.scope)


def _without_companions(each, own):
    """Its deeds, without what the platform did by itself with them."""
    attempts = {deed.attempt for deed in own if deed.slug == each.slug}

    def is_companion(deed):
        does = each.verb in ("create", "delete") and deed.change == CHANGE_OF[each.verb]
        return does and deed.slug == COMPANIONS.get(each.slug) and deed.attempt in attempts

    return [deed for deed in own if not is_companion(deed)]


class Judge:
    """`misled` are ids of operations for which a person decided against what that person had seen."""

    def __init__(self, told, deeds, sent, misled=()):
        self.told, self.deeds, self.sent, self.misled = told, deeds, sent, set(misled)
        self.by_id = {each.id: each for each in told}
        self.verdict = Verdict()
        self.own, self.on = defaultdict(list), defaultdict(list)
        self.life = {}  # {number of a deed: which of the objects that had its id one after another}
        born = Counter()
        for deed in deeds:
            place = deed.slug, deed.scope, deed.id
            born[place] += deed.change == "made"
            self.life[deed.number] = *place, born[place]
            self.on[deed.slug, deed.id].append(deed)
            self.own[deed.by].append(deed)
        for each in told:
            self.own[each.id] = _without_companions(each, self.own[each.id])
        self.claims = defaultdict(list)
        for each in told:
            if each.verb == "create" and each.happened and each.object_id:
                self.claims[self._claimed(each)].append(each)

    def _on(self, each):
        """All that was done to the object that an operation is about, and to others that had its id."""
        return [deed for deed in self.on[each.slug, each.object_id] if _is_about(each, deed)]

    def _claimed(self, each):
        """The one of the objects with its id that a create says to have made: its own, or the last one."""
        births = [deed for deed in self._on(each) if deed.change == "made"]
        own = [deed for deed in births if deed.by == each.id]
        seen = [deed for deed in births if deed.at <= (each.ended or float("inf"))]
        found = own[:1] or seen[-1:] or births[:1]
        return self.life[found[0].number] if found else (each.slug, each.scope, each.object_id, 0)

    def judge(self):
        self._claims()
        self._requests()
        for each in self.told:
            before = len(self.verdict.wrong), self.verdict.beside.total()
            self._conclusion(each)
            self._lost_updates(each)
            if before == (len(self.verdict.wrong), self.verdict.beside.total()):
                self.verdict.counts[each.verb, each.state] += 1
        return self.verdict

    def _claims(self):
        for (slug, _scope, id, _life), claimed in self.claims.items():
            if len(claimed) > 1:
                self.verdict.add("claimed twice", f"{slug} {id}", *claimed, *self.on[slug, id])

    def _requests(self):
        """Each request, served or not, has an attempt of its own that was recorded before it left."""
        attempts = Counter((each.by, each.attempt) for each in self.sent)
        for each in self.sent:
            if each.by == OUTSIDE:
                continue
            if attempts[each.by, each.attempt] > 1:
                self.verdict.add("repeated unrecorded", each)
            operation = self.by_id.get(each.by)
            recorded = operation.attempts if operation else ()
            is_known = len(recorded) >= each.attempt > 0
            if not is_known or recorded[each.attempt - 1] > each.at + CLOCK_SECONDS:
                self.verdict.add("unrecorded", each, operation or "no such operation")
            elif (operation.slug, operation.verb) != (each.slug, each.verb):
                self.verdict.add("another request", each, operation)

    def _conclusion(self, each):
        own = self.own[each.id]
        if each.verb == "create" and len(own) > 1:
            self.verdict.add("made twice", each, *own)
        if each.state in (*RUNNING, State.IN_DOUBT):
            self.verdict.add("never ended", each, *own)
            return
        if each.state == State.NEEDS_HUMAN:
            if not each.looks:
                self.verdict.add("no evidence", each)
            return
        if any(deed.change != CHANGE_OF[each.verb] or deed.slug != each.slug for deed in own):
            self.verdict.add("something else", each, *own)
        elif each.verb == "create":
            self._create(each, own)
        else:
            self._on_object(each, own)

    def _create(self, each, own):
        if each.id in self.misled and each.happened and not any(_is_about(each, deed) for deed in own):
            self.verdict.beside["a person decided otherwise"] += 1
        elif each.happened and not own:
            self.verdict.add("made nothing", each, *self._on(each))
        elif each.happened and not _is_about(each, own[0]):
            self.verdict.add("another's object", each, *own)
        elif own and not each.happened:
            takers = self.claims[self.life[own[0].number]]
            if takers and all(taker.id in self.misled for taker in takers):
                self.verdict.beside["a person gave it to another operation"] += 1
            elif self._others_hid(each, own[0]):
                self.verdict.beside["somebody outside renamed or deleted it unseen"] += 1
            else:
                self.verdict.add("made all the same", each, *self.on[own[0].slug, own[0].id], *takers)

    def _on_object(self, each, own):
        if any(not _is_about(each, deed) for deed in own):
            self.verdict.add("something else", each, *own)
        elif len({self.life[deed.number] for deed in own}) > 1:
            self.verdict.add("another's object", each, *self._on(each))
        elif own and each.says_gone:
            self.verdict.add("was not gone", each, *self._on(each))
        elif own and not each.happened:
            self.verdict.add("took effect all the same", each, *own)
        elif each.happened and not own:
            if each.says_gone and self._was_gone(each):
                return
            if each.verb == "delete" and self._others_hand(each):
                self.verdict.beside["somebody outside deleted it meanwhile"] += 1
            else:
                self.verdict.add("took no effect", each, *self._on(each))

    def _was_gone(self, each):
        """Whether there was no object with its id for a moment, while this operation was open."""
        deeds = self._on(each)
        until = [*(deed.at for deed in deeds[1:]), float("inf")]
        return any(
            deed.change == "removed" and deed.at < each.ended and next_at > each.created
            for deed, next_at in zip(deeds, until, strict=False)
        )

    def _others_hand(self, each):
        """Whether somebody outside did the same while this was open: no platform tells who it was."""
        end = each.ended or float("inf")
        return any(
            deed.by == OUTSIDE and deed.change == CHANGE_OF[each.verb] and each.created < deed.at < end
            for deed in self._on(each)
        )

    def _others_hid(self, each, made):
        """Whether somebody outside renamed or deleted the object before a look could see it by its name.

        No platform tells what its name was. What the portal itself did to it is no excuse.
        """
        until = max(each.ended or 0, made.at + SEEN_SECONDS)
        return each.state == State.ABSENT and any(
            deed.by == OUTSIDE and deed.number > made.number and deed.at < until
            for deed in self.on[made.slug, made.id]
        )

    def _lost_updates(self, each):
        """Nobody else's change, once done, may lie between what this operation saw and what it wrote."""
        if each.verb == "create" or not each.attempts:
            return
        for deed in self.own[each.id]:
            for other in self.on[deed.slug, deed.id]:
                if other.scope != deed.scope:
                    continue
                theirs = self.by_id.get(other.by)
                is_between = each.attempts[0] < other.at and other.number < deed.number
                if theirs and theirs is not each and theirs.happened and is_between:
                    self.verdict.add("lost update", each, deed, "overwrote", theirs, other)


def check_record(told):
    """Sentences about what is wrong with the record: gaps, and beginnings and ends of operations."""
    wrong, lines = [], defaultdict(list)
    last = 0
    entries = Entry.objects.order_by("seq").values_list("seq", "operation", "stage", "outcome")
    for seq, operation, stage, outcome in entries.iterator():
        if seq != last + 1:
            wrong.append(("record", f"entry {seq} follows {last}"))
        last = seq
        if operation and stage in ("intent", "outcome"):
            lines[operation].append((stage, outcome))
    for each in told:
        own = lines.pop(each.id, [])
        if not own or own[0] != ("intent", "asked") or any(stage == "intent" for stage, _ in own[1:]):
            wrong.append(("record", f"{each} does not begin with its intent: {own}"))
        elif each.state not in (*RUNNING, own[-1][1]) and own[-1][0] == "outcome":
            wrong.append(("record", f"{each} ends in the record as {own[-1][1]}"))
        elif len(own) == 1 and each.state not in RUNNING:
            wrong.append(("record", f"{each} has no end in the record"))
    wrong += [("record", f"entries about an operation that is not there: {id}") for id in lines]
    return wrong


def check_promises(promised):
    """What is wrong if an operation is missing that somebody was told about."""
    there = set(Operation.objects.values_list("team_id", "key"))
    return [("lost", f"operation {key} of team {team}") for team, key in promised if (team, key) not in there]
