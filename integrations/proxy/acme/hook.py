"""DNS-01 by an executable of the hub's own configuration folder.

`<config>/hooks/<script> present|cleanup <record> <value>`: data reaches it as arguments, exit
status 0 is success, and what it writes last to standard error is shown when it fails.
"""

from collections.abc import Sequence
from typing import Final

from hub.sdk import Hub, HubError
from integrations.proxy.acme.dns import DnsFailed
from integrations.proxy.const import DOMAIN

FOLDER: Final = "hooks"
SECONDS: Final = 120.0
"""The longest that one call may take."""


class Hook:
    """Puts and removes TXT values by calling an executable once for each."""

    def __init__(self, hub: Hub, script: str) -> None:
        """Call the file `script` in the folder `hooks` beside hub.yaml."""
        self._runner = hub.runners.local(DOMAIN)
        self._folder = str((hub.config_dir / FOLDER).absolute())
        self._script = script

    async def add(self, record: str, value: str) -> None:
        """Call it with `present`, record and value; it returns when the world sees the value."""
        await self._call("present", record, value)

    async def remove(self, record: str, value: str) -> None:
        """Call it with `cleanup`, record and value."""
        await self._call("cleanup", record, value)

    async def seen(self, record: str, values: Sequence[str]) -> None:
        """Tell nothing: only the hook knows where the world looks."""
        del record, values

    async def _call(self, *arguments: str) -> None:
        try:
            outcome = await self._runner.script(
                "hook", [self._folder, self._script, *arguments], timeout=SECONDS, max_output=65536
            )
            outcome.check()
        except HubError as error:
            raise DnsFailed(
                f"acme.dns.script: {self._script} {' '.join(arguments[:2])}: {error.message}"
            ) from error
