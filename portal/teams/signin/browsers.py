"""What a browser calls itself, in a few words for a list. Whatever it says is its own claim."""

import re

# In this order: most browsers claim to be others as well.
NAMES = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"\bOPR/(\d+)"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"\b(?:Chrome|CriOS|HeadlessChrome)/(\d+)"),
    ("Safari", r"\bVersion/(\d+).*\bSafari/"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows NT"),
    ("macOS", "Macintosh"),
    ("ChromeOS", "CrOS"),
    ("Linux", "Linux|X11"),
)
LONGEST = 60


def named(user_agent):
    """Firefox 140, Linux; an unknown one by the beginning of its own words."""
    found = next(
        (f"{name} {match[1]}" for name, pattern in NAMES if (match := re.search(pattern, user_agent))), ""
    )
    system = next((name for name, pattern in SYSTEMS if re.search(pattern, user_agent)), "")
    return ", ".join(filter(None, [found, system])) or user_agent[:LONGEST]
