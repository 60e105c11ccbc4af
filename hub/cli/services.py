"""Services of an integration, asked by its own commands."""

from typing import Any

from hub.cli.client import Client
from hub.cli.errors import CliError
from hub.cli.wire import quote


def ask_service(
    client: Client, service: str, fields: dict[str, Any], *, needs: str, seconds: float
) -> dict[str, Any]:
    """Call `domain.service` and return what it answers.

    `needs`: the resource type whose first resource sets the integration up; without one the error
    says so.
    """
    domain, _, name = service.partition(".")
    try:
        answer = client.request(
            "POST",
            f"/api/services/{domain}/{name}",
            fields,
            query={"return_response": True},
            seconds=seconds,
        ).json()
    except CliError as error:
        if error.code == "not_found" and not client.get(f"/api/resources/{quote(needs)}"):
            raise CliError(
                f"this hub has no {needs} yet",
                "write one with `hub put` or `hub apply -f`, or on the page",
            ) from None
        raise error from None
    found: dict[str, Any] = answer["service_response"]
    return found
