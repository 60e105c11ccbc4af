"""The audit log: who did what, when, from where and with which result, in a hash chain."""

from hub.audit.chain import Problem, Report
from hub.audit.entry import ACTOR, Entry, Result
from hub.audit.log import Audit

__all__ = ["ACTOR", "Audit", "Entry", "Problem", "Report", "Result"]
