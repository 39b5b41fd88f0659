"""Places in lists, sealed: who carries one from page to page can read nothing in it, nor make one."""

import binascii
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from fhir_mappings import json_text
from service.store.chart import keep_fact, read_fact
from service.store.database import Database

_FACT = "list-places-key"
_KEY_BITS = 256


class ListPlaces:
    """The places in the lists of one clinic. Thread-safe.

    They hold numbers of rows, which all clinics share: whoever could read two of them would know how much
    the others wrote meanwhile. The same place gives the same text (AES-SIV, RFC 5297), by a key that is made
    with the clinic's first list and kept in its database, so that every replica reads what another wrote.
    """

    def __init__(self, database: Database, clinic: str) -> None:
        self._database = database
        self._clinic = clinic
        self._lock = threading.Lock()
        self._cipher: AESSIV | None = None

    def seal(self, parts: Sequence[str | int], of: Sequence[str]) -> str:
        """Return a place as text without padding; it is one of this list (its name, parameters, caller)."""
        sealed = self._key().encrypt(json_text.dumps(list(parts)), _bound(of))
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: str, of: Sequence[str]) -> list[str | int] | None:
        """Return the parts that ``seal`` was given for the same list, or None for any other text."""
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            parts: list[str | int] = json_text.loads(self._key().decrypt(sealed, _bound(of)))
        except (ValueError, binascii.Error, InvalidTag):
            return None
        return parts

    def _key(self) -> AESSIV:
        with self._lock:
            if self._cipher is None:
                self._cipher = AESSIV(bytes.fromhex(self._kept_key()))
            return self._cipher

    def _kept_key(self) -> str:
        with self._database.read() as tx:
            kept = read_fact(tx, self._clinic, _FACT)
        if kept is not None:
            return kept
        with self._database.write() as tx:
            return keep_fact(tx, self._clinic, _FACT, AESSIV.generate_key(_KEY_BITS).hex())


def _bound(of: Sequence[str]) -> list[bytes]:
    return [json_text.dumps(list(of))]
