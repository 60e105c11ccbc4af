"""The wire form of policies."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.auth.policy import Policy
    from hub.hub import Hub


def shown(hub: "Hub", policy: "Policy") -> dict[str, Any]:
    """Return a policy with the ids of the users who refer to it."""
    users = [user.id for user in hub.auth.policies.users_of(policy.name)]
    return {**policy.as_dict(), "user_ids": users}
