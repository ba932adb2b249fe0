"""Sealing: people's words at rest, under keys that can be destroyed.

The one idea: words are sealed under their author's own data key, data keys are wrapped by a master key, and the two are
kept in three places (database, key store, key file), so that destroying one data key destroys the words everywhere.

AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces: one key seals far fewer than the 2**32 messages that bound
allows. Derived keys come from HKDF-Expand with SHA-256 (RFC 5869). Texts are compared by keyed BLAKE2b (RFC 7693): a
third of the time of OpenSSL's HMAC, and every say pays for it.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 32
MAC_BYTES = 16


class SealBroken(Exception):
    """These bytes do not open: another key, other associated data, or altered. Tells nothing else."""


def about(table: str, room: int, author: int, say_id: str, version: int) -> bytes:
    """Return the associated data a body is bound to, so that it opens in no other place than its own."""
    return f"{table}\0{room}\0{author}\0{say_id}\0{version}".encode()


class DataKey:
    """One data key, able to seal, open and compare; the raw bytes stay inside."""

    __slots__ = ("_aead", "_mac_key", "version")

    def __init__(self, raw: bytes, version: int) -> None:
        self._aead = AESGCM(raw)
        self._mac_key = _derive(raw, b"say_id")
        self.version = version

    def seal(self, text: str, bound_to: bytes) -> bytes:
        """Return nonce + ciphertext + tag."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, text.encode(), bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> str:
        """Return the words.

        Raises:
            SealBroken: not sealed by this key, for this place, or altered.
        """
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to).decode()
        except (InvalidTag, ValueError):
            raise SealBroken from None

    def mac(self, text: str) -> bytes:
        """Return 16 bytes that tell whether a repeated say_id carries the same text; dies with the key."""
        return hashlib.blake2b(text.encode(), key=self._mac_key, digest_size=MAC_BYTES).digest()


class Keyring:
    """The master keys, newest last. Wraps data keys and derives the server's own keys; kept outside the database."""

    __slots__ = ("_aeads", "_keys")

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._keys = dict(sorted(keys.items()))
        self._aeads = {version: AESGCM(key) for version, key in self._keys.items()}

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Read the key file, making it (0600) when it is not there.

        Raises:
            ValueError: the file holds something else, or others may read it; the sentence names the file.
        """
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            making = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
                made.write(f"1 {secrets.token_hex(KEY_BYTES)}\n")
                made.flush()
                os.fsync(made.fileno())
            with contextlib.suppress(FileExistsError):  # another process made it in this moment, and whole
                os.link(making, path)
            making.unlink()
        if path.stat().st_mode & 0o077:
            raise ValueError(f"The key file {path} can be read by others; make its mode 0600.")
        keys = {}
        for line in path.read_text().splitlines():
            version, _, key = line.partition(" ")
            try:
                keys[int(version)] = bytes.fromhex(key)
            except ValueError:
                raise ValueError(f"The key file {path} must hold lines of a number and 64 hex digits.") from None
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError(f"The key file {path} must hold lines of a number and 64 hex digits.")
        return cls(keys)

    def wrap(self, raw: bytes, bound_to: bytes) -> tuple[int, bytes]:
        """Return (master version, wrapped key) under the newest master key."""
        version = max(self._keys)
        nonce = os.urandom(NONCE_BYTES)
        return version, nonce + self._aeads[version].encrypt(nonce, raw, bound_to)

    def unwrap(self, version: int, wrapped: bytes, bound_to: bytes) -> bytes:
        """Return the raw data key.

        Raises:
            SealBroken: the master key is not in the ring, or the bytes are not its own.
        """
        try:
            return self._aeads[version].decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to)
        except (KeyError, InvalidTag, ValueError):
            raise SealBroken from None

    def derive(self, label: str) -> bytes:
        """Return 32 bytes for one purpose of the server's own (audit, addresses, forms), from the oldest master key."""
        return _derive(self._keys[min(self._keys)], label.encode())


def _derive(secret: bytes, label: bytes) -> bytes:
    # HKDF-Expand's first block (RFC 5869, 2.3); the extract step is left out, as 3.3 allows for a random secret
    return hmac.digest(secret, b"hearthside " + label + b"\x01", "sha256")


def token_hash(token: str) -> bytes:
    """Return what is kept of a random token (>= 128 bits, so a plain hash is enough)."""
    return hashlib.sha256(token.encode()).digest()
