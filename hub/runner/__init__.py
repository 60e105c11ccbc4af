"""Commands on hosts: argument lists in, typed outcomes out, here and over SSH."""

from hub.runner.command import Kind, Outcome
from hub.runner.errors import (
    AccessDenied,
    AuthFailed,
    CommandFailed,
    CommandNotAllowed,
    CommandTimedOut,
    DiskFull,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidCredential,
    OutcomeUnknown,
    SudoRefused,
    TooLarge,
    Unreachable,
)
from hub.runner.facts import Disk, Facts
from hub.runner.hostkeys import HostKey
from hub.runner.limits import Limits
from hub.runner.runner import Runner
from hub.runner.runners import Runners
from hub.runner.server import Server, Sudo
from hub.runner.ssh import SSHRunner
from hub.runner.sudo import Rights

__all__ = [
    "AccessDenied",
    "AuthFailed",
    "CommandFailed",
    "CommandNotAllowed",
    "CommandTimedOut",
    "Disk",
    "DiskFull",
    "Facts",
    "HostKey",
    "HostKeyChanged",
    "HostKeyUnknown",
    "InvalidCredential",
    "Kind",
    "Limits",
    "Outcome",
    "OutcomeUnknown",
    "Rights",
    "Runner",
    "Runners",
    "SSHRunner",
    "Server",
    "Sudo",
    "SudoRefused",
    "TooLarge",
    "Unreachable",
]
