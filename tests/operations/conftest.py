from tests.operations.dying import zygote

__all__ = ["zygote"]
