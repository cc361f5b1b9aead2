// A picture that is pasted anywhere on the page goes to the uploader, as if chosen there. And a
// finger does on the canvas what the mouse does: its tools for points and boxes know no touch.

const INPUT = '[data-testid="stFileUploader"] input[type="file"]';
const MOUSE = { touchstart: "mousedown", touchmove: "mousemove", touchend: "mouseup" };

const paste = (event) => {
  const input = document.querySelector(INPUT);
  if (!input || !event.clipboardData?.files.length) return;
  event.preventDefault();
  input.files = event.clipboardData.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};

const touch = (event) => {
  const [target] = event.composedPath();
  if (!target.matches?.("canvas.upper-canvas")) return;
  event.preventDefault(); // the page does not scroll, and no second event of the mouse follows
  event.stopPropagation();
  const { clientX, clientY } = event.changedTouches[0];
  const place = { clientX, clientY, bubbles: true, composed: true, view: window };
  target.dispatchEvent(new MouseEvent(MOUSE[event.type], place));
};

export default function () {
  const listening = [["paste", paste], ...Object.keys(MOUSE).map((kind) => [kind, touch])];
  const options = { capture: true, passive: false };
  for (const [kind, listener] of listening) window.addEventListener(kind, listener, options);
  return () => {
    for (const [kind, listener] of listening) window.removeEventListener(kind, listener, options);
  };
}
