"""The append-only record: every request, refusal, platform call and answer."""
