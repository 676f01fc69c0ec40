"""The log of an installation alone, of either edition: for moving it, with nobody supervising.

It stands apart from `bootstrap.py` because a hall publishes and judges as soon as it is open, and a
log that is to take another one's records must hold nothing else.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from consoles.brokers import access_of, place_of
from consoles.folder import LOG_FILE, FolderLock, refuse_generated
from consoles.settings import EMBEDDED, Settings
from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import SettingInvalid
from ledger.log import EventLog


def _now_us() -> int:
    return time.time_ns() // 1_000


@contextmanager
def log_to_read(settings: Settings) -> Iterator[EventLog]:
    """Open the log for reading; a running hall is not disturbed.

    Raises:
        SettingInvalid: there is no log in the data folder.
        LogUnavailable: the brokers cannot be reached, or know no such topic.
    """
    if settings.log != EMBEDDED:
        with _kafka(settings) as log:
            yield log
        return
    path = settings.data / LOG_FILE
    if not path.is_file():
        raise SettingInvalid(
            f"data: found no log in {settings.data}, expected the folder of a hall.",
            hint="Name it with --data, or set HALL_LOG for a log in Kafka.",
        )
    with closing(SqliteLog(path, settings.partitions, now=_now_us, read_only=True)) as log:
        yield log


@contextmanager
def log_to_fill(settings: Settings) -> Iterator[EventLog]:
    """Open the log for another one's records; make it where the edition is embedded.

    Raises:
        DataFolderBusy: a hall is running on the data folder.
        SettingInvalid: the data folder is a demo's.
        LogUnavailable: the brokers cannot be reached, or know no such topic.
    """
    if settings.log != EMBEDDED:
        with _kafka(settings) as log:
            yield log
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    refuse_generated(settings.data)
    lock = FolderLock(settings.data)
    lock.require()
    try:
        path = settings.data / LOG_FILE
        with closing(SqliteLog(path, settings.partitions, now=_now_us)) as log:
            yield log
    finally:
        lock.release()


@contextmanager
def _kafka(settings: Settings) -> Iterator[EventLog]:
    from ledger.drivers.kafka_log import KafkaLog

    with closing(KafkaLog(place_of(settings), access_of(settings), now=_now_us)) as log:
        yield log
