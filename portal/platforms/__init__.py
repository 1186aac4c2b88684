"""The clouds as they are: plain Python, no Django."""

from importlib import import_module


def advice(platform, code):
    """What to do about a platform's error code: a message id, "" when nothing is known."""
    contract = import_module(f"portal.platforms.{platform}.contract")
    return contract.ADVICE.get(code, "")
