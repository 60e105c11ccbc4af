"""`hub proxy`: what people do with reverse proxies beside their resources."""

from hub.cli.sdk import Entry, LazyGroup

_HERE = "integrations.proxy.cli"

proxy = LazyGroup(
    "proxy",
    entries={
        "status": Entry(f"{_HERE}.status:status", "Show servers and hosts: what serves what."),
        "deploy": Entry(f"{_HERE}.deploy:deploy", "Bring hosts or servers up to date, and watch."),
        "diff": Entry(f"{_HERE}.diff:diff", "Show what a deploy would change on the servers."),
        "rollback": Entry(f"{_HERE}.rollback:rollback", "Serve an earlier release again."),
        "import": Entry(f"{_HERE}.imports:import_", "Take over what another proxy has."),
        "lint": Entry(f"{_HERE}.lint:lint", "Check a snippet or a file of resources, offline."),
    },
    help="Reverse proxies: see what is served, deploy, go back, move over.",
    no_args_is_help=True,
)
"""The group that `hub` shows for this integration."""
