"""Logs without what lets somebody in: addresses of pages that a mail led to hold a token."""

import logging
import re

TOKENS = re.compile(r"(/teams/invitation/|/accounts/password/reset/[^/\s]+/)[^/\s]+")


class WithoutTokens(logging.Filter):
    """Django logs the address of a request that failed; the link in it may still work."""

    def filter(self, record):
        text = record.getMessage()
        if TOKENS.search(text):
            record.msg, record.args = TOKENS.sub(r"\1...", text), ()
        return True
