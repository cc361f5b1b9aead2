"""Where the files come from: disk, mirrors that misbehave, Debian's package."""

import dataclasses
import gzip
import logging
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lenet.catalog import DATASETS, FILES, DatasetInfo
from lenet.data import debian as packages
from lenet.data import download as fetching
from lenet.data import transfer
from lenet.data.reading import locate, read_idx
from lenet.data.transfer import Progress
from lenet.errors import DatasetError, StorageError
from tests.idx_files import contents_of, pack, small_info, write_files
from tests.small import assert_one_sentence, raising, refused, run_lab

NAMES = [f"{file.name}.gz" for file in FILES]
IMAGES = "train-images-idx3-ubyte.gz"

fetch = partial(fetching.fetch, "FashionMNIST")


class Mirror(ThreadingHTTPServer):
    """A web server of one's own that can be told to misbehave."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes], manner: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.manner = files, manner
        self.asked: list[str] = []
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that hung up."""


class Answer(BaseHTTPRequestHandler):
    """One answer of a `Mirror`, in its manner."""

    server: Mirror

    def do_GET(self) -> None:
        manner, over = self.server.manner, self.server.over
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path.rpartition("/")[2])
        if manner == "slow":
            time.sleep(0.3)
        if body is None:
            return self.send_error(404)
        self.send_response(200)
        if manner == "calls it an encoding":
            self.send_header("Content-Encoding", "gzip")
        if manner != "endless":
            length = 10**12 if manner == "claims too much" else len(body)
            self.send_header("Content-Length", str(length))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        if manner == "drops the connection":
            return None
        if manner == "falls silent":
            over.wait()
        while manner in ("endless", "trickles") and not over.wait(0.01):
            self.wfile.write(bytes(1 if manner == "trickles" else 50_000))
        self.wfile.write(body[half:])
        return None

    def log_message(self, *_: object) -> None:
        pass


class Home:
    """A machine without a dataset; `serve` starts the mirrors that torchvision knows."""

    def __init__(self, info: DatasetInfo, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.info, self.patch = info, patch
        self.raw = folder / "data" / "FashionMNIST" / "raw"  # where the files belong
        self.published = {f"{name}.gz": pack(data) for name, data in contents_of(info).items()}
        self.mirrors: list[Mirror] = []

    def serve(self, files: dict[str, bytes] | None = None, manner: str = "") -> Mirror:
        self.mirrors.append(mirror := Mirror(self.published if files is None else files, manner))
        threading.Thread(target=mirror.serve_forever, args=(0.01,), daemon=True).start()
        return mirror

    def change(self, **facts: Any) -> None:
        self.patch.setitem(DATASETS, "FashionMNIST", dataclasses.replace(self.info, **facts))

    @property
    def names(self) -> list[str]:
        """The names of the files that are there."""
        return sorted(path.name for path in self.raw.iterdir() if path.name != ".lock")

    @property
    def whole(self) -> bool:
        """Whether the published files are there, and nothing else."""
        return {name: (self.raw / name).read_bytes() for name in self.names} == self.published


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Home]:
    """Make Fashion-MNIST a small dataset that is nowhere yet."""
    home = Home(small_info(), tmp_path, monkeypatch)
    home.change()
    monkeypatch.setattr(fetching, "_torchvision_mirrors", lambda _: [m.url for m in home.mirrors])
    monkeypatch.setenv("LENET_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("LENET_MIRROR", raising=False)
    monkeypatch.setattr(transfer, "CHUNK", 4096)
    yield home
    for mirror in home.mirrors:
        mirror.over.set()
        mirror.shutdown()
        mirror.server_close()


@pytest.fixture
def mirror(home: Home) -> Mirror:
    """Start the only mirror that torchvision knows, with everything on it."""
    return home.serve()


@pytest.fixture
def system(home: Home, tmp_path: Path) -> Path:
    """Put the files where a system package would."""
    folder = write_files(tmp_path / "system", home.info)
    home.change(system_dir=folder)
    return folder


# On the disk


@pytest.mark.parametrize("name", ["FashionMNIST", "MNIST"])
def test_facts_agree_with_torchvision(name: str) -> None:
    from torchvision import datasets

    theirs = getattr(datasets, name)
    assert fetching._torchvision_mirrors(DATASETS[name]) == theirs.mirrors
    assert {name for name, _ in theirs.resources} == set(NAMES)
    if name == "FashionMNIST":
        assert DATASETS[name].classes == tuple(theirs.classes)


def test_data_folder_and_packed_files_come_first(home: Home, system: Path) -> None:
    paths = tuple(system / name for name in NAMES)
    assert locate("FashionMNIST") == (paths, f"the system's folder {system}")
    write_files(home.raw, home.info, packed=False)
    assert fetch(download=False).paths == tuple(home.raw / file.name for file in FILES)
    write_files(home.raw, home.info)
    paths = tuple(home.raw / name for name in NAMES)
    assert fetch(download=False) == (paths, f"the data folder {home.raw}")


def test_three_files_are_not_a_dataset(home: Home) -> None:
    path = write_files(home.raw, home.info) / IMAGES
    acts: list[Callable[[], object]] = [partial(path.write_bytes, b""), path.unlink]
    for act in acts:
        act()
        assert locate("FashionMNIST") is None
        with pytest.raises(DatasetError, match=f"raw lacks {IMAGES};"):
            fetch(download=False)


def test_without_download_nobody_is_asked(home: Home, mirror: Mirror) -> None:
    with pytest.raises(DatasetError, match=r"^Fashion-MNIST is not on this machine: ") as caught:
        fetch(download=False)
    assert all(hint in str(caught.value) for hint in [*NAMES, str(home.raw), "--download 1"])
    assert not home.raw.exists()
    assert mirror.asked == []


# Damage, and what is whole but a person's own


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def cut(path: Path, harm: Callable[[bytes], bytes]) -> None:
    path.write_bytes(harm(path.read_bytes()))


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "packed, half": (lambda data: data[: len(data) // 2], "it ends early"),
    "packed, without its end": (lambda data: data[:-1], "it ends early"),
    "packed, a page": (lambda data: b"<html>" + data, "it cannot be unpacked as gzip"),
    "packed, flipped": (lambda data: data[:-300] + flip(data[-300:-200]) + data[-200:], "it "),
    "packed, a bomb": (lambda data: pack(gzip.decompress(data) + bytes(10**8)), "it is not 156,"),
    "plain, no header": (lambda data: data[:3], "it is only 3 bytes long"),
    "plain, magic": (lambda data: b"\0\0\x0d" + data[3:], "its magic number is 0x00000d03, not"),
    "plain, count": (lambda data: data[:7] + b"\x63" + data[8:], "it is not 77,632 bytes long"),
    "plain, short": (lambda data: data[:-1], "it is not 156,816 bytes long"),
    "plain, long": (lambda data: data + b"\0", "it is not 156,816 bytes long"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_file_is_named_and_with_download_set_aside(
    home: Home, mirror: Mirror, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    harm, words = DAMAGE[kind]
    packed = kind.startswith("packed")
    path = write_files(home.raw, home.info, packed=packed) / (IMAGES if packed else IMAGES[:-3])
    cut(path, harm)
    damaged, names = path.read_bytes(), home.names
    with refused(DatasetError, f"^{path} is damaged: {words}.*; let it be fetched again") as caught:
        fetch(download=False)
    assert str(caught.value).endswith("(--download 1)")
    assert home.names == names
    fetch()
    assert path.with_name(f"{path.name}.damaged").read_bytes() == damaged
    assert f"it is kept as {path.name}.damaged" in caplog.text
    assert mirror.asked == [f"/{IMAGES}"]  # and nothing else


def test_nothing_that_was_set_aside_is_lost_the_next_time(home: Home, mirror: Mirror) -> None:
    path = write_files(home.raw, home.info) / IMAGES
    for size in (1000, 2000, 3000):
        path.write_bytes(home.published[IMAGES][:size])
        fetch()
        assert path.read_bytes() == home.published[IMAGES]
    sizes = {path.stat().st_size for path in home.raw.glob("*.damaged*")}
    assert sizes == {1000, 2000, 3000}


def test_published_images_packed_anew_are_good(home: Home) -> None:
    """Debian's files are such ones: their gzip headers lack the name and time."""
    path = write_files(home.raw, home.info) / IMAGES
    cut(path, lambda data: gzip.compress(gzip.decompress(data), compresslevel=1, mtime=7))
    assert read_idx(path, home.info).published


@pytest.mark.parametrize("packed", [True, False])
def test_whole_files_of_ones_own_are_used_and_named(
    home: Home, mirror: Mirror, packed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A relabelled or cleaned copy."""
    path = sorted(write_files(home.raw, home.info, packed=packed).glob("train-labels*"))[0]
    cut(path, lambda data: pack(flip(gzip.decompress(data))) if packed else flip(data))
    own, names = path.read_bytes(), home.names
    description = f"the data folder {home.raw} (not the published {path.name})"
    assert fetch().description == description
    assert f"{path} holds other contents than the published Fashion-MNIST" in caplog.text
    assert (home.names, path.read_bytes(), mirror.asked) == (names, own, [])


@pytest.mark.parametrize(
    ("name", "other", "words"),
    [
        (IMAGES, {"train_count": 199}, "holds 199×28×28 values, not the 200×28×28 images of"),
        (IMAGES, {"train_count": 60_000}, "holds 60000×28×28 values, not the 200×28×28"),
        ("train-labels-idx1-ubyte", {"classes": "x" * 11}, "holds labels above 9, not those of"),
    ],
)
def test_whole_files_that_do_not_fit_are_named_and_left(
    home: Home, mirror: Mirror, name: str, other: dict[str, Any], words: str
) -> None:
    """The real dataset where a small one is expected, say."""
    packed = name.endswith(".gz")
    write_files(home.raw, home.info, packed=packed)
    theirs = contents_of(dataclasses.replace(home.info, **other))[name.removesuffix(".gz")]
    (home.raw / name).write_bytes(pack(theirs) if packed else theirs)
    before = home.names
    for download in (False, True):
        with refused(DatasetError, f"{name} {words}"):
            fetch(download=download)
    assert (home.names, mirror.asked) == (before, [])


def test_damaged_system_file_is_left_alone(home: Home, system: Path, mirror: Mirror) -> None:
    (system / IMAGES).write_bytes(b"broken")
    with pytest.raises(DatasetError, match=f"{system / IMAGES} is damaged: it cannot be unpacked"):
        fetch(download=False)
    fetch()
    assert home.whole
    assert (system / IMAGES).read_bytes() == b"broken"


def test_helpers_refuse_a_real_data_folder(tmp_path: Path) -> None:
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / IMAGES).write_bytes(bytes(2**22))
    with pytest.raises(SystemExit, match="name a folder for small datasets"):
        write_files(raw, small_info())
    elsewhere = {name: value for name, value in os.environ.items() if name != "LENET_DATA_DIR"}
    for environment in (elsewhere, {**elsewhere, "LENET_DATA_DIR": str(tmp_path)}):
        done = run_lab("--mode", "train", env=environment)
        assert done.returncode == 1
        assert done.stderr.startswith("name a folder for small datasets")
        assert_one_sentence(done.stderr.removesuffix("\n"))
    assert [(path.name, path.stat().st_size) for path in raw.iterdir()] == [(IMAGES, 2**22)]


# Downloads


def test_download_lands_whole_and_tells_its_progress(home: Home, mirror: Mirror) -> None:
    told: list[Progress] = []

    def watch(at: Progress) -> None:
        told.append(at)
        assert not (home.raw / at.file).exists()  # only the whole and checked file gets the name

    paths = tuple(home.raw / name for name in NAMES)
    assert fetch(progress=watch) == (paths, f"{home.raw}, downloaded from {mirror.url}")
    assert home.whole
    for name in NAMES:
        done = [at.done for at in told if at.file == name]
        size = len(home.published[name])
        assert done == sorted(done)
        assert (done[0], done[-1]) == (0, size)
        assert {at[2:] for at in told if at.file == name} == {(size, mirror.url)}
    assert len([at for at in told if at.file == IMAGES]) > 10
    fetch()
    assert mirror.asked == [f"/{name}" for name in NAMES]  # the second time nobody


def test_interrupted_download_leaves_only_whole_files(home: Home, mirror: Mirror) -> None:
    def interrupt(at: Progress) -> None:
        if at.file == NAMES[2]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(progress=interrupt)
    assert home.names == sorted(NAMES[:2])
    fetch()
    assert home.whole
    assert sorted(mirror.asked) == sorted(f"/{name}" for name in [*NAMES, NAMES[2]])


MANNERS = {
    "drops the connection": "bytes read",
    "falls silent": "timed out",
    "endless": f"its {IMAGES} is too large to be the published file",
    "claims too much": f"its {IMAGES} is too large to be the published file",
    "trickles": f"its {IMAGES} took over 1 seconds",
    "a page instead": f"its {IMAGES} is not the published file",
    "another file": f"its {IMAGES} is not the published file",
    "has none": "it answered 404 Not Found",
    "is gone": "Connection refused",
}


@pytest.mark.parametrize("manner", MANNERS)
def test_mirror_that_misbehaves_costs_little(
    home: Home, manner: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(transfer, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(transfer, "FILE_SECONDS", 1)
    files = {
        "a page instead": dict.fromkeys(NAMES, b"<html>please log in</html>"),
        "another file": {IMAGES: pack(flip(gzip.decompress(home.published[IMAGES])))},
        "has none": {},
    }
    bad = home.serve(files.get(manner, home.published), manner)
    if manner == "is gone":
        bad.shutdown()
        bad.socket.shutdown(socket.SHUT_RDWR)
        bad.server_close()
    good = home.serve()
    began = time.monotonic()
    assert fetch().description == f"{home.raw}, downloaded from {good.url}"
    assert time.monotonic() - began < 20
    assert home.whole
    [complaint] = [line for line in caplog.messages if line.startswith(f"{bad.url}: ")]
    assert MANNERS[manner] in complaint
    assert len(set(bad.asked)) <= 1  # not once for each file


@pytest.mark.parametrize("manner", ["calls it an encoding", ""])
def test_what_one_mirror_gave_is_not_asked_of_the_next(home: Home, manner: str) -> None:
    home.serve({name: home.published[name] for name in NAMES[:2]}, manner)
    rest = home.serve(manner=manner)
    fetch()
    assert home.whole
    assert rest.asked == [f"/{name}" for name in NAMES[2:]]


def test_mirror_of_ones_own_comes_first(home: Home) -> None:
    own = home.serve()
    home.patch.setattr(fetching, "_torchvision_mirrors", raising(AssertionError("not needed")))
    home.patch.setenv("LENET_MIRROR", own.url)
    fetch()
    assert home.whole
    assert own.asked == [f"/FashionMNIST/raw/{name}" for name in NAMES]


def test_every_source_and_the_way_out_are_named(home: Home, tmp_path: Path) -> None:
    missing = ImportError("No module named 'torchvision'")
    home.patch.setattr(fetching, "_torchvision_mirrors", raising(missing))
    home.patch.setenv("LENET_MIRROR", "school-server/data")
    home.patch.setenv("PATH", str(tmp_path))
    home.change(debian_package="dataset-x", system_dir=tmp_path / "none")
    with pytest.raises(DatasetError, match=r"^Fashion-MNIST could not be fetched: ") as caught:
        fetch()
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        f"the data folder {home.raw} lacks all four",
        f"the system's folder {tmp_path / 'none'} lacks all four",
        "school-server/data/FashionMNIST/raw/: Invalid URL",
        "torchvision's mirrors: No module named 'torchvision'",
        "the Debian package dataset-x: this is not Debian or Ubuntu",
        f"put {', '.join(NAMES)} into {home.raw} by hand",
        "set LENET_MIRROR",
    ):
        assert part in message


@pytest.mark.slow
def test_processes_wait_for_each_other(home: Home, tmp_path: Path) -> None:
    code = (
        "import sys; from lenet.catalog import DATASETS; from lenet.data import download\n"
        "from tests.idx_files import small_info\n"
        "DATASETS['FashionMNIST'] = small_info()\n"
        "download._torchvision_mirrors = lambda _: [sys.argv[1]]\n"
        "download.fetch('FashionMNIST', sys.argv[2])"
    )
    mirror = home.serve(manner="slow")  # enough for all to be at it at once
    command = [sys.executable, "-c", code, mirror.url, str(tmp_path / "data")]
    others = [subprocess.Popen(command) for _ in range(3)]
    assert [other.wait(timeout=60) for other in others] == [0, 0, 0]
    assert home.whole
    assert sorted(mirror.asked) == sorted(f"/{name}" for name in NAMES)


def test_full_disk_is_said_and_leaves_nothing_behind(home: Home, mirror: Mirror) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))  # as a full disk does
    try:
        with refused(StorageError, f"^the disk is full: {home.raw} could not be written"):
            fetch()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert home.names == []
    fetch()
    assert home.whole


def test_folder_that_cannot_be_made_is_said(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with refused(StorageError, "could not be written"):
        fetch()
    assert mirror.asked == []


# Debian's package

APT_GET = """#!/bin/sh
echo "$*" >> "$FAKE/log"
for config in "$@"; do case "$config" in -c=*) own="${config#-c=}" ;; esac; done
case "$*" in
*update) [ -n "$own" ] && grep -q "^Dir::State " "$own" && touch "$FAKE/updated" ;;
*download*)
    [ "$LISTS" = still ] && exec sleep 60
    if [ "$LISTS" = none ] && [ ! -e "$FAKE/updated" ]; then
        echo "E: Unable to locate package dataset-x"; exit 100
    fi
    case "$*" in
    *--print-uris*) echo "'http://deb/x.deb' x.deb 3000 SHA256:00"; exit ;;
    esac
    [ "$LISTS" = broken ] && { echo "E: Failed to fetch x.deb 404"; exit 100; }
    for third in 1 2 3; do head -c 1000 /dev/zero >> x.deb; sleep 0.15; done ;;
esac
"""
DPKG_DEB = """#!/bin/sh
[ "$1" = -x ] && [ -s "$2" ] && mkdir -p "$3/usr/share" && cp -r "$FAKE/contents" "$3/usr/share/x"
"""


@pytest.fixture
def debian(home: Home, tmp_path: Path) -> Path:
    """Pretend to be a Debian machine whose apt knows a package of the dataset."""
    fake = tmp_path / "fake"
    write_files(fake / "contents", home.info)
    for name, script in (("apt-get", APT_GET), ("dpkg-deb", DPKG_DEB)):
        (fake / name).write_text(script)
        (fake / name).chmod(0o755)
    home.change(debian_package="dataset-x")
    home.patch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    home.patch.setenv("FAKE", str(fake))
    home.patch.setattr(packages, "APT_SILENCE_SECONDS", 1)
    return fake


@pytest.mark.parametrize("lists", ["good", "none"])
def test_debian_package_is_the_last_resort(home: Home, debian: Path, lists: str) -> None:
    """Stale package lists are replaced for us alone; good files stay."""
    home.patch.setenv("LISTS", lists)
    gone = home.serve({})
    (write_files(home.raw, DATASETS["FashionMNIST"]) / IMAGES).unlink()
    kept = (home.raw / NAMES[1]).stat().st_ino
    told: list[Progress] = []
    source = fetch(progress=told.append)
    assert home.whole
    assert (home.raw / NAMES[1]).stat().st_ino == kept
    assert source.description == f"{home.raw}, downloaded from the Debian package dataset-x"
    assert len(gone.asked) == 1
    steps = [at.done for at in told]
    assert steps == sorted(steps)
    assert len({0, *steps}) > 2
    assert told[-1][1:3] == (3000, 3000)
    updates = [line for line in (debian / "log").read_text().splitlines() if "update" in line]
    assert [" -c=" in line for line in updates] == ([True] if lists == "none" else [])


TROUBLES = {
    "other": f"its {IMAGES} is not the published file",
    "fewer": f"it does not contain {IMAGES}",
    "broken": "E: Failed to fetch x.deb 404;",
    "still": "it stood still for 1 seconds",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_package_that_cannot_be_had_is_said(home: Home, debian: Path, trouble: str) -> None:
    home.patch.setenv("LISTS", trouble)
    if trouble == "other":
        (debian / "contents" / IMAGES).write_bytes(b"broken")
    elif trouble == "fewer":
        (debian / "contents" / IMAGES).unlink()
    began = time.monotonic()
    with pytest.raises(DatasetError, match=f"the Debian package dataset-x: {TROUBLES[trouble]}"):
        fetch()
    assert home.names == []
    assert time.monotonic() - began < 20


def test_command_fetches_and_says_how_it_goes(
    home: Home, mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert fetching.main(["FashionMNIST"]) == 0
    assert home.whole
    assert f"{IMAGES}: 50 %" in caplog.text
    assert f"FashionMNIST: {home.raw}, downloaded from {mirror.url}" in caplog.text
    assert fetching.main(["NIST"]) == 2
    assert "error: there is no dataset called 'NIST'" in caplog.text
