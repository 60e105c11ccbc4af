"""What an nginx can do, read from what `nginx -V` prints and from what its main file loads."""

import re
from typing import Final

from integrations.proxy.models import Features

_VERSION: Final = re.compile(r"^nginx version: \S*?/(\d{1,4})\.(\d{1,4})\.(\d{1,4})", re.MULTILINE)
_WITH: Final = re.compile(r"--with-([a-z0-9_]+?)(?:_module)?(=dynamic)?(?=[\s']|$)")
_USER: Final = re.compile(r"--user=([A-Za-z0-9_.-]+)")
_MODULES: Final = re.compile(r"--modules-path=(\S+)")
_LOAD: Final = re.compile(
    r"^[ \t]*load_module[ \t]+[\"']?[^;\"'\n]*?ngx_([a-z0-9_]+?)(?:_module)?\.so", re.MULTILINE
)


def read(version_text: str, main_text: str = "") -> Features:
    """Return the features of an nginx; raises `ValueError` when there is no nginx in the text.

    `version_text` is what `nginx -V` wrote (to standard error), `main_text` the main configuration
    with whatever it includes that loads modules.
    """
    found = _VERSION.search(version_text)
    if found is None:
        raise ValueError("expected the version of an nginx, as nginx -V prints it")
    static: set[str] = set()
    dynamic: set[str] = set()
    for name, is_dynamic in _WITH.findall(version_text):
        (dynamic if is_dynamic else static).add(name)
    user = _USER.search(version_text)
    modules = _MODULES.search(version_text)
    major, minor, patch = map(int, found.groups())
    return Features(
        version=(major, minor, patch),
        modules=frozenset(static - dynamic),
        dynamic=frozenset(dynamic),
        loaded=frozenset(_LOAD.findall(main_text)),
        user=None if user is None else user[1],
        modules_path=None if modules is None else modules[1],
    )
