"""The bus between machines: Redis (or Valkey) pub/sub, one channel, one message a group commit.

One channel serves until hints cost more than the rooms they tell of; each process drops what it does not follow with
one dictionary look-up (decisions/0001).
"""

import asyncio
import contextlib
import hashlib
import logging
from collections import deque

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chat.bus import HINT_TIMEOUT_S, WAITING_MESSAGES, Message, Receiver, decode, encode

logger = logging.getLogger(__name__)

PAUSE_S = 0.5
"""Between two tries to reach a Redis that is away."""
CONNECT_S = 2.0
"""How long a Redis that is away may keep the listening task waiting for a connection; nobody waits for that task."""
QUIET_S = 5.0
"""A subscription that has brought nothing for so long is asked whether it lives, and left when it brings nothing for as
long again: a connection whose other end is gone says nothing by itself."""


class RedisBus:
    """Sends from a bounded queue in a task of its own; listens in another."""

    def __init__(self, url: str, database: str, *, quiet_s: float = QUIET_S) -> None:
        self._url = url
        self._quiet_s = quiet_s
        self._channel = "hearthside:" + hashlib.sha256(database.encode()).hexdigest()[:16]
        self._waiting: deque[Message] = deque(maxlen=WAITING_MESSAGES)
        self._some = asyncio.Event()

    def publish(self, message: Message) -> None:
        """Queue; when the queue is full the oldest is dropped."""
        self._waiting.append(message)
        self._some.set()

    async def run(self, receive: Receiver) -> None:
        """Send and listen until cancelled; a Redis that is away is tried again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send())
            tasks.create_task(self._listen(receive))

    async def _send(self) -> None:
        client = Redis.from_url(self._url, socket_connect_timeout=HINT_TIMEOUT_S, socket_timeout=HINT_TIMEOUT_S)
        try:
            while True:
                _end_if_cancelled()
                await self._some.wait()
                self._some.clear()
                while self._waiting:
                    message = self._waiting.popleft()
                    try:
                        async with asyncio.timeout(HINT_TIMEOUT_S):
                            await client.publish(self._channel, encode(message))
                    except (RedisError, OSError, TimeoutError):
                        self._waiting.clear()  # stale by the time it is back; the beat has told by then
                        _end_if_cancelled()
                        await asyncio.sleep(PAUSE_S)
        finally:
            await client.aclose()

    async def _listen(self, receive: Receiver) -> None:
        told = False
        while True:
            client = Redis.from_url(self._url, socket_connect_timeout=CONNECT_S, socket_timeout=CONNECT_S)
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    asked = False
                    while True:
                        _end_if_cancelled()
                        message = await channel.get_message(timeout=self._quiet_s)
                        if message is None:
                            if asked:
                                raise TimeoutError
                            await channel.ping()
                        else:
                            told = False
                            if message["type"] == "message":
                                with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                                    receive(decode(message["data"]))
                        asked = message is None
            except (RedisError, OSError, TimeoutError) as error:
                _end_if_cancelled()
                if not told:
                    logger.warning("bus: Redis is away (%s); the beat carries on", type(error).__name__)
                told = True
            finally:
                await client.aclose()
            await asyncio.sleep(PAUSE_S)


def _end_if_cancelled() -> None:
    """The client loses a cancellation that meets it while it connects (seen with redis 8.1): ask the task again."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
