from tests.proofs.town import town  # noqa: F401
