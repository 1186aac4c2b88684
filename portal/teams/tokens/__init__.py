"""Tokens of the API: how they look, what they may do, who makes and ends them, how often they may call."""
