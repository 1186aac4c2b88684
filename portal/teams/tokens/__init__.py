"""Tokens of the API: how they look, what they may do, who makes and ends them, and how often they may call."""
