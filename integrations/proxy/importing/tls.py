"""The certificates that an nginx tree names, each read once."""

from collections.abc import Sequence

from integrations.proxy.importing.certificates import LIVE, Certificates, Mode, chain, custom, flaw
from integrations.proxy.importing.result import Report
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.sources import Source

TAKE = "take the file over with --certificates read, or fill certificate_id by hand"


class Tls:
    """Finds the certificate of each server block."""

    def __init__(self, source: Source, certificates: Certificates, report: Report) -> None:
        """Read files from `source`."""
        self._source = source
        self._certificates = certificates
        self._report = report
        self._names: dict[str, list[str]] = {}
        self._made: dict[str, str | None] = {}

    def expect(self, scope: Scope, names: Sequence[str]) -> None:
        """Note the names of a block: a certificate that can not be read is issued for them all."""
        known = self._names.setdefault(scope.word("ssl_certificate"), [])
        known += [name for name in names if name not in known]

    def of(self, scope: Scope, about: str) -> str | None:
        """Return the key of the certificate in force; None (and a finding) when it has none."""
        found = scope.all("ssl_certificate")
        if not found:
            return None
        if len(found) > 1:
            self._report.note(found[0].place, "of its certificates the last one is taken", about)
        file, place = found[-1].arg(), found[-1].place
        if file not in self._made:
            key_file = scope.word("ssl_certificate_key") or file
            self._made[file] = self._make(scope.filled(file), scope.filled(key_file), place, about)
        return self._made[file]

    def _make(self, file: str, key_file: str, place: str, about: str) -> str | None:
        mode, live = self._certificates.mode, LIVE.search(file)
        names = self._names.get(file, [])
        if mode is Mode.READ:
            return self._read(file, key_file, place, about)
        if mode is Mode.ACME or live is not None:
            key = self._certificates.issued(names, place)
            if key is not None:
                self._report.note(place, f"issued anew by ACME instead of {file}", about)
            return key
        self._report.do(place, f"the certificate {file} is not taken over", TAKE, about)
        return None

    def _read(self, file: str, key_file: str, place: str, about: str) -> str | None:
        try:
            found = chain(self._source.data(file).decode(errors="replace"))
            key = self._source.data(key_file).decode(errors="replace")
        except OSError as error:
            words = f"{file}, or its key, can not be read: {error.strerror or error}"
            self._report.left_out(place, words, "fill certificate_id by hand", about)
            return None
        if (wrong := flaw(found, key)) or found is None:
            self._report.left_out(place, f"{file}: {wrong}", "fill certificate_id by hand", about)
            return None
        made = self._certificates.add(custom(found, key))
        todo = "let the hub issue it: set provider acme and leave the files out"
        self._report.do(place, f"{file} is taken over and ends on {found.ends}", todo, about)
        return made
