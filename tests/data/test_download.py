"""Where the files come from: disk, mirrors that misbehave, Debian's package."""

import dataclasses
import gzip
import logging
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lenet.catalog import DATASETS, FILES, DatasetInfo
from lenet.data import debian as packages
from lenet.data import download as fetching
from lenet.data import transfer
from lenet.data.download import Progress, data_dir, fetch, locate, verify
from lenet.data.reading import read_idx
from lenet.errors import ConfigError, DatasetError, StorageError
from lenet.paths import ROOT
from tests.idx_files import contents_of, pack, small_info, write_files

NAMES = [f"{file.name}.gz" for file in FILES]
IMAGES = "train-images-idx3-ubyte.gz"


class Mirror(ThreadingHTTPServer):
    """A web server of one's own that can be told to misbehave."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = files
        self.asked: list[tuple[str, str | None]] = []
        self.ranges = "honoured"  # or "ignored", or the status that refuses them
        self.drop_after: int | None = None  # bytes of an answer before the connection drops
        self.silent: float = 0  # seconds before an answer
        self.stall: float = 0  # seconds in the middle of the next answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Answer(BaseHTTPRequestHandler):
    """One answer of a `Mirror`."""

    server: Mirror

    def do_GET(self) -> None:
        mirror, wanted = self.server, self.headers.get("Range")
        mirror.asked.append((self.path, wanted))
        time.sleep(mirror.silent)
        body = mirror.files.get(self.path.rpartition("/")[2])
        if body is None:
            return self.send_error(404)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start and mirror.ranges.isdecimal():
            return self.send_error(int(mirror.ranges))
        partial = bool(start) and mirror.ranges == "honoured"
        rest = body[start:] if partial else body
        self.send_response(206 if partial else 200)
        self.send_header("Content-Length", str(len(rest)))
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        half = len(rest) // 2
        stall, mirror.stall = mirror.stall, 0
        end = len(rest) if mirror.drop_after is None else mirror.drop_after
        self.wfile.write(rest[: min(half, end)])
        time.sleep(stall)
        self.wfile.write(rest[half:end])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, bytes]], Mirror]]:
    """Start mirrors, and stop them after the test."""
    mirrors: list[Mirror] = []

    def start(files: dict[str, bytes]) -> Mirror:
        mirror = Mirror(files)
        threading.Thread(target=mirror.serve_forever, args=(0.01,), daemon=True).start()
        mirrors.append(mirror)
        return mirror

    yield start
    for mirror in mirrors:
        mirror.shutdown()
        mirror.server_close()


@pytest.fixture
def info(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DatasetInfo:
    """Make Fashion-MNIST a small dataset that is nowhere yet."""
    info = small_info()
    monkeypatch.setitem(DATASETS, "FashionMNIST", info)
    monkeypatch.setenv("LENET_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("LENET_MIRROR", raising=False)
    monkeypatch.setattr(fetching, "_torchvision_mirrors", lambda _: [])
    monkeypatch.setattr(transfer, "CHUNK", 4096)
    return info


@pytest.fixture
def published(info: DatasetInfo) -> dict[str, bytes]:
    """Return the four `.gz` files as their publisher has them."""
    return {f"{name}.gz": pack(data) for name, data in contents_of(info).items()}


@pytest.fixture
def mirror(
    serve: Callable[[dict[str, bytes]], Mirror],
    published: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Mirror:
    """Start the only mirror that torchvision knows, with everything on it."""
    mirror = serve(published)
    monkeypatch.setattr(fetching, "_torchvision_mirrors", lambda _: [mirror.url])
    return mirror


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Return where the files belong."""
    return tmp_path / "data" / "FashionMNIST" / "raw"


@pytest.fixture
def system(info: DatasetInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the files where a system package would."""
    folder = write_files(tmp_path / "system", info)
    monkeypatch.setitem(DATASETS, "FashionMNIST", dataclasses.replace(info, system_dir=folder))
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def has_all(folder: Path, published: dict[str, bytes]) -> bool:
    return names_in(folder) == sorted(NAMES) and all(
        (folder / name).read_bytes() == published[name] for name in NAMES
    )


def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_open", lambda *_: pytest.fail("touched the network"))
    monkeypatch.setattr(packages, "_run", lambda *_: pytest.fail("ran a command"))


# What is known


@pytest.mark.parametrize("name", ["FashionMNIST", "MNIST"])
def test_facts_agree_with_torchvision(name: str) -> None:
    from torchvision import datasets

    theirs = getattr(datasets, name)
    assert DATASETS[name].md5 == dict(theirs.resources)
    assert fetching._torchvision_mirrors(DATASETS[name]) == theirs.mirrors
    if name == "FashionMNIST":
        assert DATASETS[name].classes == tuple(theirs.classes)


def test_data_folder_is_the_argument_else_the_variable_else_beside_the_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LENET_DATA_DIR", str(tmp_path))
    assert data_dir(tmp_path / "x") == tmp_path / "x"
    assert data_dir() == tmp_path
    monkeypatch.setenv("LENET_DATA_DIR", "")
    assert data_dir() == ROOT / "data"


# On the disk


def test_data_folder_comes_before_the_system_package(
    info: DatasetInfo, system: Path, raw: Path
) -> None:
    source = locate("FashionMNIST")
    assert source is not None
    assert source.paths == tuple(system / name for name in NAMES)
    assert source.description == f"the system's folder {system}"
    write_files(raw, info)
    source = locate("FashionMNIST")
    assert source is not None
    assert source.paths == tuple(raw / name for name in NAMES)
    assert source.description == f"the data folder {raw}"


def test_plain_files_are_found_and_packed_ones_preferred(info: DatasetInfo, raw: Path) -> None:
    write_files(raw, info, packed=False)
    source = fetch("FashionMNIST", download=False)
    assert source.train_images == raw / "train-images-idx3-ubyte"
    write_files(raw, info)
    assert fetch("FashionMNIST", download=False).train_images == raw / IMAGES


@pytest.mark.parametrize("lack", ["gone", "empty"])
def test_three_files_are_not_a_dataset(info: DatasetInfo, raw: Path, lack: str) -> None:
    write_files(raw, info)
    (raw / IMAGES).write_bytes(b"")
    if lack == "gone":
        (raw / IMAGES).unlink()
    assert locate("FashionMNIST") is None
    with pytest.raises(DatasetError, match=f"raw lacks {IMAGES};"):
        fetch("FashionMNIST", download=False)


def test_unknown_dataset_is_refused() -> None:
    with pytest.raises(ConfigError, match="no dataset called 'CIFAR10'"):
        locate("CIFAR10")


def test_without_download_nothing_but_the_disk_is_touched(
    info: DatasetInfo, monkeypatch: pytest.MonkeyPatch, raw: Path
) -> None:
    no_network(monkeypatch)
    with pytest.raises(DatasetError, match=r"^Fashion-MNIST is not on this machine: ") as caught:
        fetch("FashionMNIST", download=False)
    message = str(caught.value)
    assert "\n" not in message
    assert all(hint in message for hint in [*NAMES, str(raw), "--download 1"])
    assert not raw.exists()


# Damage

Damage = Callable[[bytes], bytes]


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


PACKED_DAMAGE: dict[str, tuple[Damage, str]] = {
    "half": (lambda data: data[: len(data) // 2], "it ends early"),
    "without its end": (lambda data: data[:-1], "it ends early"),
    "not gzip": (lambda data: b"<html>" + data, "it cannot be unpacked as gzip"),
    "flipped bit": (lambda data: data[:-300] + flip(data[-300:-200]) + data[-200:], "it "),
    "other contents": (
        lambda data: pack(flip(gzip.decompress(data))),
        "it is not the file that Fashion-MNIST was published as",
    ),
}
PLAIN_DAMAGE: dict[str, tuple[Damage, str]] = {
    "no header": (lambda data: data[:3], "it is only 3 bytes long"),
    "magic": (lambda data: b"\0\0\x0d" + data[3:], "its magic number is 0xd03, not 0x803"),
    "count": (lambda data: data[:7] + b"\x63" + data[8:], "it holds 99×28×28 images, not 200×28"),
    "sides": (lambda data: data[:11] + b"\x20" + data[12:], "it holds 200×32×28 images, not"),
    "short": (lambda data: data[:-1], "it has 156,815 bytes of data, not 156,816"),
    "long": (lambda data: data + b"\0", "it has 156,817 bytes of data, not 156,816"),
}


@pytest.mark.parametrize("kind", PACKED_DAMAGE)
def test_damaged_packed_file_is_recognised(info: DatasetInfo, raw: Path, kind: str) -> None:
    harm, words = PACKED_DAMAGE[kind]
    path = write_files(raw, info) / IMAGES
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(DatasetError) as caught:
        verify(path, info)
    assert f"{path} is damaged: {words}" in str(caught.value)


@pytest.mark.parametrize("kind", PLAIN_DAMAGE)
def test_damaged_plain_file_is_recognised(info: DatasetInfo, raw: Path, kind: str) -> None:
    harm, words = PLAIN_DAMAGE[kind]
    path = write_files(raw, info, packed=False) / "train-images-idx3-ubyte"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(DatasetError) as caught:
        verify(path, info)
    assert f"{path} is damaged: {words}" in str(caught.value)


def test_label_of_no_class_is_recognised(info: DatasetInfo, raw: Path) -> None:
    path = write_files(raw, info, packed=False) / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x0a")
    with pytest.raises(DatasetError, match="it has labels above 9"):
        verify(path, info)


def test_published_images_packed_anew_are_good(info: DatasetInfo, raw: Path) -> None:
    """Debian's files are such ones: their gzip headers lack the name and time."""
    path = write_files(raw, info) / IMAGES
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content, compresslevel=1, mtime=7))
    assert read_idx(path, info) == content


def test_plain_file_with_other_contents_is_used_with_a_warning(
    info: DatasetInfo, raw: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_files(raw, info, packed=False) / "train-images-idx3-ubyte"
    path.write_bytes(flip(path.read_bytes()))
    verify(path, info)
    assert f"{path} holds other contents than the published Fashion-MNIST" in caplog.text


def test_without_download_a_damaged_file_is_named_and_stays(
    info: DatasetInfo, monkeypatch: pytest.MonkeyPatch, raw: Path
) -> None:
    no_network(monkeypatch)
    path = write_files(raw, info) / IMAGES
    path.write_bytes(path.read_bytes()[:1000])
    for _ in range(2):
        with pytest.raises(DatasetError) as caught:
            fetch("FashionMNIST", download=False)
        assert str(caught.value) == (
            f"{path} is damaged: it ends early, after 1,000 bytes; "
            "let it be fetched again (--download 1)"
        )
    assert names_in(raw) == sorted(NAMES)


def test_file_is_checked_again_only_when_it_has_changed(
    info: DatasetInfo, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(raw, info)
    fetch("FashionMNIST", download=False)
    checked: list[str] = []
    monkeypatch.setattr(fetching, "read_idx", lambda path, _: checked.append(path.name))
    fetch("FashionMNIST", download=False)
    assert checked == []
    (raw / IMAGES).write_bytes(b"changed")
    fetch("FashionMNIST", download=False)
    assert checked == [IMAGES]


def test_damaged_file_is_set_aside_and_fetched_again(
    info: DatasetInfo,
    mirror: Mirror,
    published: dict[str, bytes],
    raw: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = write_files(raw, info) / IMAGES
    for times in (1, 2):
        path.write_bytes(published[IMAGES][: 1000 * times])
        fetch("FashionMNIST")
        assert path.read_bytes() == published[IMAGES]
        assert f"{path} is damaged: it ends early, after {times},000 bytes" in caplog.text
    assert len((raw / f"{IMAGES}.damaged").read_bytes()) == 1000
    assert len((raw / f"{IMAGES}.damaged2").read_bytes()) == 2000
    assert [path for path, _ in mirror.asked] == [f"/{IMAGES}"] * 2  # and nothing else


def test_damaged_system_file_is_left_alone(
    system: Path,
    mirror: Mirror,
    published: dict[str, bytes],
    raw: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (system / IMAGES).write_bytes(b"broken")
    with pytest.raises(DatasetError, match=f"{system / IMAGES} is damaged: it cannot be unpacked"):
        fetch("FashionMNIST", download=False)
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert (system / IMAGES).read_bytes() == b"broken"
    assert f"{system / IMAGES} is damaged" in caplog.text


# Downloads


def test_download_lands_whole_and_tells_its_progress(
    mirror: Mirror, published: dict[str, bytes], raw: Path
) -> None:
    told: list[Progress] = []

    def watch(at: Progress) -> None:
        told.append(at)
        assert not (raw / at.file).exists()  # only the whole and checked file gets the name

    source = fetch("FashionMNIST", progress=watch)
    assert has_all(raw, published)
    assert source.paths == tuple(raw / name for name in NAMES)
    assert source.description == f"{raw}, downloaded from {mirror.url}"
    for name in NAMES:
        steps = [at for at in told if at.file == name]
        done = [at.done for at in steps]
        assert done == sorted(done)
        assert (done[0], done[-1]) == (0, len(published[name]))
        assert {at.total for at in steps} == {len(published[name])}
        assert {at.source for at in steps} == {mirror.url}
    assert len([at for at in told if at.file == IMAGES]) > 10


def test_second_fetch_asks_nobody(mirror: Mirror) -> None:
    fetch("FashionMNIST")
    asked = len(mirror.asked)
    fetch("FashionMNIST")
    assert len(mirror.asked) == asked == 4


def test_interrupted_download_goes_on_where_it_was(
    mirror: Mirror, published: dict[str, bytes], raw: Path
) -> None:
    def interrupt(at: Progress) -> None:
        if at.done >= 20_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("FashionMNIST", progress=interrupt)
    assert names_in(raw) == [f"{IMAGES}.part"]
    size = (raw / f"{IMAGES}.part").stat().st_size
    assert size >= 20_000
    first: list[Progress] = []
    fetch("FashionMNIST", progress=first.append)
    assert has_all(raw, published)
    assert mirror.asked[1] == (f"/{IMAGES}", f"bytes={size}-")
    assert (first[0].done, first[0].total) == (size, len(published[IMAGES]))


@pytest.mark.parametrize("ranges", ["ignored", "416", "403", "501"])
def test_server_without_ranges_sends_the_whole_file(
    mirror: Mirror, published: dict[str, bytes], raw: Path, ranges: str
) -> None:
    mirror.ranges = ranges
    raw.mkdir(parents=True)
    (raw / f"{IMAGES}.part").write_bytes(published[IMAGES][:5000])
    fetch("FashionMNIST")
    assert has_all(raw, published)


def test_part_of_something_else_is_given_up(
    mirror: Mirror, published: dict[str, bytes], raw: Path
) -> None:
    raw.mkdir(parents=True)
    (raw / f"{IMAGES}.part").write_bytes(b"x" * 5000)
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert [wanted for path, wanted in mirror.asked if IMAGES in path] == ["bytes=5000-", None]


def test_part_that_is_already_whole_just_lands(
    mirror: Mirror, published: dict[str, bytes], raw: Path
) -> None:
    raw.mkdir(parents=True)
    (raw / f"{IMAGES}.part").write_bytes(published[IMAGES])
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert f"/{IMAGES}" not in [path for path, _ in mirror.asked]


def test_dropped_connection_is_taken_up_again(
    mirror: Mirror, published: dict[str, bytes], raw: Path
) -> None:
    mirror.drop_after = 50_000
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert (f"/{IMAGES}", "bytes=50000-") in mirror.asked


def test_connection_that_falls_silent_is_taken_up_again(
    mirror: Mirror, published: dict[str, bytes], raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "SILENCE_SECONDS", 0.5)
    mirror.stall = 3
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert mirror.asked[1] == (f"/{IMAGES}", f"bytes={len(published[IMAGES]) // 2}-")


def test_wrong_file_never_lands_and_the_next_mirror_is_tried(
    serve: Callable[[dict[str, bytes]], Mirror],
    published: dict[str, bytes],
    raw: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    portal = serve(dict.fromkeys(NAMES, b"<html>please log in</html>"))
    good = serve(published)
    monkeypatch.setattr(fetching, "_torchvision_mirrors", lambda _: [portal.url, good.url])
    source = fetch("FashionMNIST")
    assert has_all(raw, published)
    assert good.url in source.description
    assert len(portal.asked) == 1


def test_what_one_mirror_gave_is_not_asked_of_the_next(
    serve: Callable[[dict[str, bytes]], Mirror],
    published: dict[str, bytes],
    raw: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partial = serve({name: published[name] for name in NAMES[:2]})
    whole = serve(published)
    monkeypatch.setattr(fetching, "_torchvision_mirrors", lambda _: [partial.url, whole.url])
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert [path for path, _ in whole.asked] == [f"/{name}" for name in NAMES[2:]]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.slow
def test_dead_and_silent_mirrors_cost_little_time(
    mirror: Mirror,
    serve: Callable[[dict[str, bytes]], Mirror],
    published: dict[str, bytes],
    raw: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "ANSWER_SECONDS", 1)
    silent = serve(published)
    silent.silent = 20
    urls = [f"http://127.0.0.1:{free_port()}/", silent.url, mirror.url]
    monkeypatch.setattr(fetching, "_torchvision_mirrors", lambda _: urls)
    began = time.monotonic()
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert len(silent.asked) == 1  # not once for each file
    assert time.monotonic() - began < 10


def test_mirror_of_ones_own_is_somebodys_data_folder_and_comes_first(
    mirror: Mirror,
    serve: Callable[[dict[str, bytes]], Mirror],
    published: dict[str, bytes],
    raw: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = serve(published)
    monkeypatch.setenv("LENET_MIRROR", own.url)
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert [path for path, _ in own.asked] == [f"/FashionMNIST/raw/{name}" for name in NAMES]
    assert mirror.asked == []


def test_when_nothing_works_every_source_and_the_way_out_are_named(
    info: DatasetInfo,
    serve: Callable[[dict[str, bytes]], Mirror],
    raw: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone, dead = serve({}), f"http://127.0.0.1:{free_port()}/"
    monkeypatch.setenv("LENET_MIRROR", "school-server/data")
    monkeypatch.setattr(fetching, "_torchvision_mirrors", lambda _: [dead, gone.url])
    monkeypatch.setenv("PATH", str(tmp_path))
    of_debian = dataclasses.replace(info, debian_package="dataset-x", system_dir=tmp_path / "none")
    monkeypatch.setitem(DATASETS, "FashionMNIST", of_debian)
    with pytest.raises(DatasetError) as caught:
        fetch("FashionMNIST")
    message = str(caught.value)
    assert message.startswith("Fashion-MNIST could not be fetched: ")
    assert "\n" not in message
    for part in (
        f"the data folder {raw} lacks all four",
        f"the system's folder {tmp_path / 'none'} lacks all four",
        "school-server/data/FashionMNIST/raw/: the address does not start with http://",
        f"{dead}: Connection refused",
        f"{gone.url}: HTTP Error 404: Not Found",
        "the Debian package dataset-x: this is not Debian or Ubuntu",
        f"put {', '.join(NAMES)} into {raw} by hand",
        "LENET_MIRROR",
    ):
        assert part in message


def test_broken_torchvision_is_one_source_less(
    info: DatasetInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: DatasetInfo) -> list[str]:
        raise ImportError("No module named 'torchvision'")

    monkeypatch.setattr(fetching, "_torchvision_mirrors", broken)
    with pytest.raises(DatasetError, match="torchvision's mirrors: No module named 'torchvision'"):
        fetch("FashionMNIST")


def test_processes_wait_for_each_other(
    info: DatasetInfo, mirror: Mirror, published: dict[str, bytes], raw: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; from lenet import fetch; from lenet.catalog import DATASETS\n"
        "from tests.idx_files import small_info\n"
        "DATASETS['FashionMNIST'] = small_info()\n"
        "fetch._torchvision_mirrors = lambda _: [sys.argv[1]]\n"
        "fetch.fetch('FashionMNIST', sys.argv[2])"
    )
    mirror.silent = 0.3  # long enough for all to be at it at once
    command = [sys.executable, "-c", code, mirror.url, str(tmp_path / "data")]
    others = [subprocess.Popen(command) for _ in range(3)]
    assert [other.wait(timeout=60) for other in others] == [0, 0, 0]
    assert has_all(raw, published)
    assert sorted(path for path, _ in mirror.asked) == sorted(f"/{name}" for name in NAMES)


# Storage


def test_full_disk_is_said_in_one_sentence_and_can_be_gone_on_from(
    mirror: Mirror, published: dict[str, bytes], raw: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))  # as a full disk does
    try:
        with pytest.raises(StorageError) as caught:
            fetch("FashionMNIST")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(caught.value).startswith(f"the disk is full: {raw} could not be written")
    assert names_in(raw) == [f"{IMAGES}.part"]
    fetch("FashionMNIST")
    assert has_all(raw, published)


def test_folder_that_cannot_be_made_is_said(
    info: DatasetInfo, mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError, match="could not be written"):
        fetch("FashionMNIST")
    assert mirror.asked == []


# Debian's package

APT_GET = """#!/bin/sh
echo "$*" >> "$FAKE/log"
for config in "$@"; do case "$config" in -c=*) own="${config#-c=}" ;; esac; done
case "$*" in
*update) [ -n "$own" ] && grep -q "^Dir::State " "$own" && touch "$FAKE/updated" ;;
*download*)
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
def debian(info: DatasetInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend to be a Debian machine whose apt knows a package of the dataset."""
    fake = tmp_path / "fake"
    write_files(fake / "contents", info)
    for name, script in (("apt-get", APT_GET), ("dpkg-deb", DPKG_DEB)):
        (fake / name).write_text(script)
        (fake / name).chmod(0o755)
    of_debian = dataclasses.replace(info, debian_package="dataset-x")
    monkeypatch.setitem(DATASETS, "FashionMNIST", of_debian)
    monkeypatch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE", str(fake))
    monkeypatch.setenv("LISTS", "good")
    return fake


def test_debian_package_is_the_last_resort(
    debian: Path,
    serve: Callable[[dict[str, bytes]], Mirror],
    published: dict[str, bytes],
    raw: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = serve({})
    monkeypatch.setattr(fetching, "_torchvision_mirrors", lambda _: [gone.url])
    told: list[Progress] = []
    source = fetch("FashionMNIST", progress=told.append)
    assert has_all(raw, published)
    assert source.description == f"{raw}, downloaded from the Debian package dataset-x"
    assert len(gone.asked) == 1
    assert {(at.file, at.total) for at in told} == {("dataset-x", 3000)}
    assert [at.done for at in told] == sorted(at.done for at in told)
    assert len({at.done for at in told}) > 1
    assert told[-1].done == 3000


def test_stale_package_lists_are_replaced_for_us_alone(
    debian: Path, published: dict[str, bytes], raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTS", "none")
    fetch("FashionMNIST")
    assert has_all(raw, published)
    updates = [line for line in (debian / "log").read_text().splitlines() if "update" in line]
    assert len(updates) == 1
    assert " -c=" in updates[0]  # the fake checks that this moves apt's state elsewhere


def test_good_files_stay_when_the_package_brings_the_rest(
    debian: Path, info: DatasetInfo, published: dict[str, bytes], raw: Path
) -> None:
    write_files(raw, info)
    (raw / IMAGES).unlink()
    kept = raw / NAMES[1]
    before = kept.stat()
    fetch("FashionMNIST")
    assert has_all(raw, published)
    assert kept.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda file: file.write_bytes(b"broken"), f"its {IMAGES} is not the published file"),
        (Path.unlink, f"it does not contain {IMAGES}"),
    ],
)
def test_package_with_other_files_is_refused(
    debian: Path, raw: Path, harm: Callable[[Path], None], words: str
) -> None:
    harm(debian / "contents" / IMAGES)
    with pytest.raises(DatasetError, match=f"the Debian package dataset-x: {words}"):
        fetch("FashionMNIST")
    assert names_in(raw) == []


def test_words_of_apt_are_passed_on(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTS", "broken")
    with pytest.raises(DatasetError, match=r"dataset-x: E: Failed to fetch x\.deb 404;"):
        fetch("FashionMNIST")


@pytest.mark.slow
def test_apt_that_stands_still_is_ended(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (debian / "apt-get").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(packages, "APT_SILENCE_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(DatasetError, match="dataset-x: it stood still"):
        fetch("FashionMNIST")
    assert time.monotonic() - began < 10


# From a shell


def test_command_fetches_and_says_how_it_goes(
    mirror: Mirror, published: dict[str, bytes], raw: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert fetching.main(["FashionMNIST"]) == 0
    assert has_all(raw, published)
    assert f"{IMAGES}: " in caplog.text
    assert f"FashionMNIST: {raw}, downloaded from {mirror.url}" in caplog.text


def test_command_fails_with_the_message(
    info: DatasetInfo, caplog: pytest.LogCaptureFixture
) -> None:
    assert fetching.main(["FashionMNIST"]) == 1
    assert "error: Fashion-MNIST could not be fetched" in caplog.text
    assert fetching.main(["NIST"]) == 2
