"""Row 3: a full rebuild against the stock `ProjectionRunner`, with the same folds writing the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, NamedTuple, cast

import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Mapper, Notification, StoredEvent, Tracking
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict

from benchmarks import rebuilding
from benchmarks import school as synthetic
from benchmarks.measure import Figure, Lap, Report, details, lap, speed_ratio
from benchmarks.places import Bench
from ejd.app import School, folding_with, opened
from ejd.kernel.envelope import Recorded
from ejd.read.folding import Folding, tuples
from ejd.read.postgres import PostgresWriter
from ejd.read.projection import StreamRows, Table
from ejd.read.rebuild import rebuild
from tests.postgres import PostgresDatabase

NAME = "stock-runner"
OURS, STOCK, EASY = "ejd, 1 process", "ProjectionRunner", "ProjectionRunner, synchronous_commit=off"
GOAL = 25.0
WAIT_SECONDS_MAX = 300.0
MICROS_BYTES = 8


class Heard(NamedTuple):
    """What the stock subscription brings: our event with its envelope."""

    meta: Recorded
