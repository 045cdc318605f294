"""A PostgreSQL server of one's own, where PostgreSQL is installed: without network, gone after the tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import optuna
import pytest

PATIENCE = 60  # seconds for a server to come up


@pytest.fixture(autouse=True)
def quiet():
    """Let Optuna say nothing of each trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(before)


class Server:
    """A server in a folder of its own, which it may be stopped and started in; it refuses to run as root."""

    def __init__(self, programs: Path) -> None:
        self._programs, self.folder = programs, Path(tempfile.mkdtemp(prefix="pg"))
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        self._as_user = {"user": "nobody", "extra_groups": []} if is_root else {}
        if is_root:
            shutil.chown(self.folder, "nobody")
        self.data = self.folder / "data"
        self._run("initdb", "-A", "trust", "-U", "bnnopt", "-N", "-D", str(self.data))
        self._process = None

    @property
    def url(self) -> str:
        """Where it listens: a socket in the folder."""
        return f"postgresql+psycopg://bnnopt@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", str(self.folder)]
        command = [str(self._programs / "postgres"), "-D", str(self.data), *settings]
        with open(self.folder / "log.txt", "ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, **self._as_user
            )
        end = time.monotonic() + PATIENCE
        ready = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder)]
        while subprocess.run(ready, check=False).returncode:
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError((self.folder / "log.txt").read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, and all connections with it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as_user)


def _programs() -> Path | None:
    """Return the folder of the newest server there is: Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    here = shutil.which("initdb")
    return found[-1].parent if found else Path(here).parent if here else None


@pytest.fixture(scope="module")
def server():
    """A running server of PostgreSQL."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    running = Server(programs)
    try:
        running.start()
        yield running
    finally:
        running.remove()
