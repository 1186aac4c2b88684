"""Passwords that are guessed first although they are long: one sign again and again, signs in a row."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LEAST_DIFFERENT = 5  # signs
ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
LONGEST_ROW = 6  # of a password of 12 signs or more that is otherwise different


class NotMonotonous:
    """Refuses repeated and sequential signs (for AUTH_PASSWORD_VALIDATORS)."""

    def validate(self, password, user=None):
        folded = password.lower()
        if len(set(folded)) < LEAST_DIFFERENT or _repeats(folded):
            raise ValidationError(
                _("This password repeats the same characters again and again."), code="password_repeats"
            )
        if _longest_row(folded) > LONGEST_ROW:
            raise ValidationError(
                _("This password has characters in a row, like abcdef or 123456."), code="password_in_a_row"
            )

    def get_help_text(self):
        return _("Your password can't repeat the same characters or have them in a row.")


def _repeats(text):
    """Whether a piece of at most half the text makes all of it: abcabcabcabc, passwordpassword."""
    return any(
        text == (text[:size] * (len(text) // size + 1))[: len(text)] for size in range(1, len(text) // 2 + 1)
    )


def _longest_row(text):
    """How many neighbouring signs stand so in the alphabet, in the digits or on a keyboard, either way."""
    rows = [way for row in ROWS for way in (row, row[::-1])]
    longest = length = 1
    for pair in zip(text, text[1:], strict=False):
        length = length + 1 if any("".join(pair) in row for row in rows) else 1
        longest = max(longest, length)
    return longest
