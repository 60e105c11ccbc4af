"""DNS-01 by what a user wrote: an executable of the hub's own folder, or a web address.

`<config>/hooks/<script> present|cleanup <record> <value>`: data reaches it as arguments, exit
status 0 is success, and what it writes last to standard error is shown when it fails. A web address
gets the same three as JSON by POST and answers with a status below 300.
"""

import asyncio
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


class WebHook:
    """Puts and removes TXT values by a POST for each."""

    def __init__(self, url: str, token: str | None) -> None:
        """Post to `url`, with `token` as bearer when there is one."""
        self._url = url
        self._token = token

    async def add(self, record: str, value: str) -> None:
        """Post `present`; it answers when the world sees the value."""
        await self._post("present", record, value)

    async def remove(self, record: str, value: str) -> None:
        """Post `cleanup`."""
        await self._post("cleanup", record, value)

    async def seen(self, record: str, values: Sequence[str]) -> None:
        """Tell nothing: only the hook knows where the world looks."""
        del record, values

    async def _post(self, action: str, record: str, value: str) -> None:
        import aiohttp

        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        body = {"action": action, "record": record, "value": value}
        try:
            async with (
                asyncio.timeout(SECONDS),
                aiohttp.ClientSession(headers=headers, trust_env=False) as session,
                session.post(self._url, json=body, allow_redirects=False) as response,
            ):
                if response.status < 300:
                    return
                said = (await response.content.read(300)).decode("utf-8", "replace")
                why = f"status {response.status} {' '.join(said.split())}".strip()
        except TimeoutError:
            why = f"no answer within {SECONDS:g} s"
        except (aiohttp.ClientError, OSError) as error:
            why = str(error) or type(error).__name__
        raise DnsFailed(f"acme.dns.url: {action} {record}: {why}")
