"""Static files: joined, compressed and named by their content once, at start; then served from memory.

`/static/app.css?v=HASH` never changes, so it is kept for a year; without the right hash a browser asks again each time.
The files: every CSS file of `static/css` as app.css, each folder below it as NAME.css, every module of `static/js`
joined with what it imports (see `bundle`), and everything else under `static` as it is.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from web import bundle

STATIC = Path(__file__).with_name("static")
HASH_LETTERS = 12
KEEP = "public, max-age=31536000, immutable"
ASK = "no-cache"
SMALL_BYTES = 300
"""Below this gzip saves less than its own header costs."""
TYPES = {".js": "text/javascript", ".css": "text/css", ".webmanifest": "application/manifest+json"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    packed: bytes | None
    media_type: str
    hash: str


class Assets:
    """All static files, by their name under /static/."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = {name: _asset(name, body) for name, body in files.items()}

    @classmethod
    @cache
    def load(cls, folder: Path = STATIC) -> "Assets":
        """Read and join the files below `folder`, once in a process."""
        css, js = folder / "css", folder / "js"
        files = {"app.css": bundle.style(css)}
        files |= {f"{part.name}.css": bundle.style(part) for part in sorted(css.iterdir()) if part.is_dir()}
        files |= {path.name: bundle.script(path) for path in sorted(js.glob("*.js"))}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and css not in path.parents and js not in path.parents:
                files[path.relative_to(folder).as_posix()] = path.read_bytes()
        return cls(files)

    def address(self, name: str) -> str:
        """Return the address of a file, with its hash.

        Raises:
            KeyError: there is no such file: a template names it wrongly.
        """
        return f"/static/{name}?v={self._files[name].hash}"

    def answer(self, request: Request, name: str) -> Response | None:
        """Return the file as this browser takes it, or None where there is no such file."""
        asset = self._files.get(name)
        if asset is None:
            return None
        etag = f'"{asset.hash}"'
        headers = {
            "Cache-Control": KEEP if request.query_params.get("v") == asset.hash else ASK,
            "ETag": etag,
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        body = asset.body
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = asset.packed
        return Response(body, media_type=asset.media_type, headers=headers)


def _asset(name: str, body: bytes) -> Asset:
    suffix = Path(name).suffix
    packed = gzip.compress(body, 9, mtime=0) if len(body) > SMALL_BYTES else None
    if packed is not None and len(packed) >= len(body):
        packed = None
    media_type = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(body, packed, media_type, hashlib.sha256(body).hexdigest()[:HASH_LETTERS])
