"""A visitor without a browser: Streamlit's own messages over its websocket.

Twenty Chromium pages take more of two cores than the server does. A visitor on the wire sends
what a page would send, follows the fragments that run by themselves as a page does, and takes
next to nothing, so that what it waits for is the server alone.
"""

import asyncio
import base64
import io
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from google.protobuf.message import Message
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from lenet.drawing.examples import Example, picture

SIDE, BRUSH = 600, 30
"""Pixels of the page's canvas and of its pen."""
PATIENCE = 60.0
"""Seconds after which what was asked for counts as lost."""


@dataclass
class WireVisitor:
    """One session, from its first message to its end; a context manager.

    `faults` lists what a browser would have shown as an error, `pages` the hash of each page
    by its name in the address, `progress` when each text of a progress bar came and what it says.
    """

    port: int
    faults: list[str] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    progress: list[tuple[float, str]] = field(default_factory=list)
    _asked: dict[str, "asyncio.Future[float]"] = field(default_factory=dict)
    _page: str = ""
    _query: str = ""

    async def __aenter__(self) -> "WireVisitor":
        self._socket: ClientConnection = await connect(
            f"ws://localhost:{self.port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            ping_interval=None,
        )
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._forget()
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop_refreshing()
        await self._socket.close()
        await self._reader

    async def visit(self, name: str, query: str = "") -> float:
        """Go to a page; seconds until its script has run to its end."""
        self._forget()
        self._page, self._query = name, query
        return await self._ask("")

    def _forget(self) -> None:
        """Nothing of a page that was left goes on."""
        self.stop_refreshing()
        self._timers.clear()
        self._intervals: dict[str, float] = {}
        self._drawing = self._canvas = self._canvas_fragment = ""

    async def draw(self, strokes: Example) -> float:
        """Report the canvas as it is after a stroke; seconds until its answer has been sent."""
        drawing = {"raw": {"objects": []}, "data": payload(strokes)}
        self._drawing = json.dumps({"drawing": drawing})
        return await self._ask(self._canvas_fragment)

    async def refresh(self) -> float:
        """Run the fragment that follows a run by itself once, now; seconds until it has."""
        quickest = min(self._intervals, key=self._intervals.__getitem__)
        return await self._ask(quickest, by_itself=True)

    def stop_refreshing(self) -> None:
        """What runs by itself on this page does so no longer."""
        for timer in self._timers.values():
            timer.cancel()

    async def _ask(self, fragment: str, *, by_itself: bool = False) -> float:
        """Have the script, or a fragment of it, run; seconds until it has."""
        began = time.perf_counter()
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._asked[fragment] = done
        await self._send(fragment, by_itself=by_itself)
        try:
            return await asyncio.wait_for(done, PATIENCE) - began
        except TimeoutError:
            self.faults.append(f"/{self._page}: no end of the script within {PATIENCE:.0f} s")
            return PATIENCE

    async def _send(self, fragment: str, *, by_itself: bool) -> None:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string = self._query
        rerun.fragment_id, rerun.is_auto_rerun = fragment, by_itself
        if self._drawing:
            rerun.widget_states.widgets.add(id=self._canvas, json_value=self._drawing)
        if self._page in self.pages:
            rerun.page_script_hash = self.pages[self._page]
        else:
            rerun.page_name = self._page
        await self._socket.send(message.SerializeToString())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for data in self._socket:
                message = ForwardMsg()
                message.ParseFromString(data if isinstance(data, bytes) else data.encode())
                self._take(message)
        if self._socket.close_code != 1000:
            self.faults.append(f"the server closed the connection ({self._socket.close_code})")

    def _take(self, message: Message) -> None:
        match message.WhichOneof("type"):
            case "navigation":
                pages = message.navigation.app_pages
                self.pages = {page.url_pathname: page.page_script_hash for page in pages}
            case "delta" if message.delta.HasField("new_element"):
                element = message.delta.new_element
                if element.HasField("exception"):
                    shown = element.exception.message
                    self.faults.append(f"exception on {self._page}: {shown}")
                elif element.HasField("progress"):
                    self.progress.append((time.monotonic(), element.progress.text))
                elif element.HasField("bidi_component") and "canvas" in element.bidi_component.id:
                    self._canvas = element.bidi_component.id
                    self._canvas_fragment = message.delta.fragment_id
            case "auto_rerun":
                self._follow(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    self.faults.append(f"the script of {self._page} cannot be read")
                for fragment in message.metadata.run.fragment_ids or [""]:
                    if (done := self._asked.get(fragment)) and not done.done():
                        done.set_result(time.perf_counter())

    def _follow(self, fragment: str, interval: float) -> None:
        """Run a fragment again and again, as the page does that shows it: it waits for none."""

        async def again() -> None:
            with suppress(ConnectionClosed):
                while True:
                    await asyncio.sleep(interval)
                    await self._send(fragment, by_itself=True)

        if old := self._timers.get(fragment):
            old.cancel()
        self._intervals[fragment] = interval
        self._timers[fragment] = asyncio.create_task(again())


def payload(strokes: Example) -> str:
    """The address of the picture that the canvas component reports for a drawing."""
    buffer = io.BytesIO()
    Image.fromarray(picture(strokes, SIDE, BRUSH)).convert("RGBA").save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def parts(drawing: Example) -> Sequence[Example]:
    """A drawing after each point of it: what a canvas holds as a hand draws it."""
    grown: list[Example] = []
    for number, stroke in enumerate(drawing):
        before = tuple(drawing[:number])
        grown += [(*before, stroke[:end]) for end in range(2, len(stroke) + 1)]
    return grown
