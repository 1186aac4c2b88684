"""Which methods pages of allauth take. Its views take a PUT for a POST, and nobody has to confirm it."""

from django.views.decorators.http import require_http_methods

of_forms = require_http_methods(["GET", "POST"])


def with_methods_of_forms(patterns):
    """The addresses, each of which answers 405 to all methods that no form sends."""
    for pattern in patterns:
        if pattern.callback:
            pattern.callback = of_forms(pattern.callback)
    return patterns
