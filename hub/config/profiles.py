"""The secret key, and what the production profile insists on."""

import os
from pathlib import Path
from typing import Final

SHORTEST: Final = 32
_FEWEST_CHARACTERS: Final = 8
_KNOWN_DEFAULTS: Final = (
    "change",
    "insecure",
    "default",
    "example",
    "secret",
    "your-",
    "test",
    "xxx",
)


def find_secret_key() -> tuple[str | None, str | None]:
    """Return the key and what is wrong with its source.

    Looked for in SECRET_KEY, then in the file SECRET_KEY_FILE names, then in systemd's credential
    `secret_key`.
    """
    if "SECRET_KEY" in os.environ:
        return os.environ["SECRET_KEY"], None
    for path in _key_files():
        try:
            return path.read_text(encoding="utf-8").strip(), None
        except (OSError, UnicodeDecodeError) as error:
            return None, f"SECRET_KEY cannot be read from {path}: {_reason(error)}"
    return None, None


def weakness(key: str | None) -> str | None:
    """Say why a key is not good enough for production; None when it is."""
    if not key:
        return (
            "the production profile needs SECRET_KEY, SECRET_KEY_FILE or the systemd credential "
            "secret_key; make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
    if len(key) < SHORTEST:
        return f"SECRET_KEY is too short for production: at least {SHORTEST} characters"
    if key.lower().startswith(_KNOWN_DEFAULTS) or len(set(key)) < _FEWEST_CHARACTERS:
        return "SECRET_KEY is a known default or a pattern; make one of your own"
    return None


def _key_files() -> list[Path]:
    """Return the one file to read: the named one, or systemd's when it exists."""
    if "SECRET_KEY_FILE" in os.environ:
        return [Path(os.environ["SECRET_KEY_FILE"])]
    if "CREDENTIALS_DIRECTORY" in os.environ:
        credential = Path(os.environ["CREDENTIALS_DIRECTORY"]) / "secret_key"
        return [credential] if credential.exists() else []
    return []


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "unknown" if isinstance(error, OSError) else "it is not UTF-8 text"
