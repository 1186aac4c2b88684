"""Stories as rows of the list: who did what to which object, and how it ended."""

from dataclasses import dataclass

from portal.kinds.saying import HAPPENED, plain, sentence


@dataclass(frozen=True)
class Row:
    """`steps` are the entries that the person may read, oldest first; there is at least one."""

    story: object
    steps: list

    @property
    def first(self):
        return self.steps[0]

    @property
    def last(self):
        return self.steps[-1]

    @property
    def outcome(self):
        return self.story.outcome

    @property
    def sentence(self):
        return sentence(self.first, outcome=self.outcome, **self._object)

    @property
    def plain(self):
        return plain(self.first, outcome=self.outcome, **self._object)

    @property
    def _object(self):
        """The object as its latest step knows it: a create has no id before it is done."""
        named = [step.object_name for step in self.steps if step.object_name]
        known = [step.object_id for step in self.steps if step.object_id]
        return {"name": named[-1] if named else "", "id": known[-1] if known else ""}

    @property
    def object_id(self):
        return self._object["id"]

    @property
    def duration_ms(self):
        return self._latest("duration_ms")

    @property
    def http_status(self):
        return self._latest("http_status")

    @property
    def refused_by(self):
        """The platform's code, where it did not do it: some have one for success, too."""
        return "" if self.outcome in HAPPENED else self._latest("platform_code")

    @property
    def reason(self):
        return self._latest("reason")

    @property
    def ticket(self):
        return self._latest("ticket")

    def _latest(self, name):
        return next((value for step in reversed(self.steps) if (value := getattr(step, name))), None)


def rows(stories):
    """[Row] of the stories of a finding.Page, in their order."""
    return [Row(story, story.entries) for story in stories if story.entries]
