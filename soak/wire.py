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
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from lenet.drawing.examples import Drawing, picture

SIDE, BRUSH = 280, 14
"""Pixels of the page's canvas and of its pen."""
PATIENCE = 60.0
"""Seconds after which what was asked for counts as lost."""


@dataclass(frozen=True)
class _Timer:
    """A fragment that runs by itself: how often, in seconds, and what makes it."""

    interval: float
    task: "asyncio.Task[None]"


@dataclass
class WireVisitor:
    """One session, from its first message to its end; a context manager.

    `faults` lists what a browser would have shown as an error, `pages` the hash of each page
    by its name in the address.
    """

    port: int
    faults: list[str] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    _widgets: dict[str, WidgetState] = field(default_factory=dict)
    _fragments: dict[str, str] = field(default_factory=dict)
    _timers: dict[str, _Timer] = field(default_factory=dict)
    _asked: dict[str, "asyncio.Future[float]"] = field(default_factory=dict)
    _canvas: str = ""
    _page: str = ""
    _query: str = ""

    async def __aenter__(self) -> "WireVisitor":
        address = f"ws://localhost:{self.port}/_stcore/stream"
        self._socket: ClientConnection = await connect(
            address, subprotocols=["streamlit"], max_size=None, ping_interval=None
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._forget()
        await self._socket.close()
        await self._reader

    async def visit(self, name: str, query: str = "") -> float:
        """Go to a page; seconds until its script has run to its end."""
        self._forget()
        self._page, self._query = name, query
        return await self._ask("")

    async def draw(self, strokes: Drawing) -> float:
        """Report the canvas as it is after a stroke; seconds until its answer has been sent."""
        drawn = json.dumps({"drawing": {"raw": {"objects": []}, "data": payload(strokes)}})
        self._widgets[self._canvas] = WidgetState(id=self._canvas, json_value=drawn)
        return await self._ask(self._fragments[self._canvas])

    async def refresh(self) -> float:
        """Run the fragment that follows a run by itself once, now; seconds until it has."""
        quickest = min(self._timers, key=lambda fragment: self._timers[fragment].interval)
        return await self._ask(quickest, by_itself=True)

    def stop_refreshing(self) -> None:
        """What runs by itself on this page does so no longer."""
        for timer in self._timers.values():
            timer.task.cancel()

    async def _ask(self, fragment: str, *, by_itself: bool = False) -> float:
        """Have the script, or a fragment of it, run; seconds until it has."""
        began = time.perf_counter()
        done = self._asked[fragment] = asyncio.get_running_loop().create_future()
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
        rerun.widget_states.widgets.extend(self._widgets.values())
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

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "navigation":
            pages = message.navigation.app_pages
            self.pages = {page.url_pathname: page.page_script_hash for page in pages}
        elif kind == "delta" and message.delta.HasField("new_element"):
            self._note(message.delta.new_element, message.delta.fragment_id)
        elif kind == "auto_rerun":
            self._follow(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "script_finished":
            self._finish(message)

    def _note(self, element: Message, fragment: str) -> None:
        """Remember the canvas; an exception shown is a fault."""
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.faults.append(f"exception on {self._page}: {element.exception.message}")
        if kind == "bidi_component" and "canvas" in element.bidi_component.id:
            self._canvas = element.bidi_component.id
            self._fragments[element.bidi_component.id] = fragment

    def _follow(self, fragment: str, interval: float) -> None:
        """Run a fragment again and again, as the page does that shows it: it waits for none."""

        async def again() -> None:
            with suppress(ConnectionClosed):
                while True:
                    await asyncio.sleep(interval)
                    await self._send(fragment, by_itself=True)

        if old := self._timers.pop(fragment, None):
            old.task.cancel()
        self._timers[fragment] = _Timer(interval, asyncio.create_task(again()))

    def _finish(self, message: ForwardMsg) -> None:
        if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.faults.append(f"the script of {self._page} cannot be read")
        for fragment in message.metadata.run.fragment_ids or [""]:
            if (done := self._asked.get(fragment)) and not done.done():
                done.set_result(time.perf_counter())

    def _forget(self) -> None:
        """Nothing of a page that was left goes on."""
        self.stop_refreshing()
        for forgotten in (self._timers, self._widgets, self._fragments):
            forgotten.clear()


def payload(strokes: Drawing) -> str:
    """The address of the picture that the canvas component reports for a drawing."""
    buffer = io.BytesIO()
    Image.fromarray(picture(strokes, SIDE, BRUSH)).convert("RGBA").save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def parts(drawing: Drawing) -> Sequence[Drawing]:
    """A drawing after each point of it: what a canvas holds as a hand draws it."""
    grown: list[Drawing] = []
    for number, stroke in enumerate(drawing):
        before = tuple(drawing[:number])
        grown += [(*before, stroke[:end]) for end in range(2, len(stroke) + 1)]
    return grown
