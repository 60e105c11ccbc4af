"""Who may see and end a job: whoever started it, and who may see or change what it works on."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hub.auth import User
    from hub.jobs.job import JobRecord

READ: Final = "read"
APPLY: Final = "apply"


def sees_all_jobs(user: "User") -> bool:
    """Tell whether a user may read every job, so that lists need no filter."""
    return user.is_admin and user.rights.reads_all_resources


def may_job(user: "User", verb: str, record: "JobRecord") -> bool:
    """Tell whether a user may `read` or `apply` (here: end) a job."""
    if not user.is_active:
        return False
    if record.user_id == user.id:
        return True
    resource_type, slash, key = record.target.partition("/")
    if slash and "." in resource_type:
        return user.may_resource(verb, resource_type, key)
    return user.is_admin
