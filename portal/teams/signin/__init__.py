"""Signing in: limits against guessing, second factors, sessions, confirming who one is, single sign-on.

Who has which account is in portal.teams; what becomes of all this in the record: account_events.py.
"""
