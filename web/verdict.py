"""python -m web audit: what the audit proves, told to whoever runs the server.

Every process logs an anchor an hour (`audit anchor N:…`); kept where the database's keepers cannot reach, they prove
all rows up to N. Whatever file holds them will do: a log is read as it is.
"""

import re
from pathlib import Path

from chat import audit
from chat.audit import Verdict
from chat.keys import Keys
from chat.store import Store

ANCHOR = re.compile(r"\b\d{1,19}:[0-9a-f]{64}\b")


async def anchor(store: Store, keys: Keys) -> str:
    """Return an anchor of the audit as it is now."""
    async with store.reading() as tx:
        return await audit.anchor(tx, keys.derive("audit"))


async def verify(store: Store, keys: Keys, anchors: Path | None) -> Verdict:
    """Judge the audit, by the anchors in a file (None: by itself alone).

    Raises:
        OSError: the file cannot be read.
    """
    kept = set() if anchors is None else set(ANCHOR.findall(anchors.read_text(errors="replace")))
    return await audit.verify(store, keys.derive("audit"), kept)


def told(verdict: Verdict) -> list[str]:
    """Return what a verdict is to a person, in lines."""
    kept = f"{verdict.first} to {verdict.last}" if verdict.last >= verdict.first else "none"
    if verdict.broken is not None:
        return [f"audit: BROKEN at row {verdict.broken}: it is altered, missing or too many (rows kept: {kept})"]
    lines = [f"audit: the chain holds (rows kept: {kept})"]
    begin = max(verdict.anchored + 1, verdict.first)
    if verdict.anchored >= verdict.first:
        lines.append(f"audit: anchors prove the rows up to {verdict.anchored}")
    if begin <= verdict.last:
        lines.append(f"audit: rows {begin} to {verdict.last} are unproven: no anchor after them was given")
    return lines
