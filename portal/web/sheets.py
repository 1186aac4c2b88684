"""CSV that spreadsheets read as it was written, and take no text in it for a formula."""

import csv

BOM = "\ufeff"  # without it, spreadsheets read CSV as if it were in a code page of old
# A spreadsheet takes a text that begins so for a formula. The wide ones are the same to some of them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Line:
    """A file for csv.writer that hands each line out."""

    def write(self, text):
        return text


def csv_lines(names, rows):
    """Yield the lines of a CSV as RFC 4180 has it; `rows` hold texts and numbers."""
    writer = csv.writer(Line())
    yield BOM + writer.writerow(names)
    for row in rows:
        yield writer.writerow([safe(value) for value in row])


def safe(value):
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
