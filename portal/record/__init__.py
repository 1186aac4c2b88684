"""The append-only record of everything that was asked, refused, sent and answered."""
