// Has a stroke reported when the pen is lifted. The canvas waits 200 ms for the next one
// unless its own button for sending is pressed; so this presses it.

const SEND = 'button[aria-label="Update the app with this drawing"]';

export default function () {
  let drawn = null; // the canvas's shadow root while a stroke is being drawn
  const begin = (event) => {
    const [target] = event.composedPath();
    drawn = target.matches?.("canvas.upper-canvas") ? target.getRootNode() : null;
  };
  const end = () => {
    const send = drawn?.querySelector(SEND);
    drawn = null;
    if (send) setTimeout(() => send.click()); // after the canvas has taken the stroke
  };
  const listening = [["mousedown", begin], ["touchstart", begin], ["mouseup", end], ["touchend", end]];
  for (const [kind, listener] of listening) window.addEventListener(kind, listener, true);
  return () => {
    for (const [kind, listener] of listening) window.removeEventListener(kind, listener, true);
  };
}
