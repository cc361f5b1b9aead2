// Buttons beside the canvas, large enough for a finger, in the place of its own small ones, and
// Ctrl+Z on it. They press its own buttons, which are in its shadow root and hidden here.
//
// A stroke is reported when the pen is lifted: the canvas waits 200 ms for the next one unless
// its button for sending is pressed.

const SEND = "Update the app with this drawing";
const ICONS = {
  Undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  Clear: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
};
const TITLES = { Undo: "Undo (Ctrl+Z)", Clear: "Clear" };

const isCanvas = (target) => target?.matches?.("canvas.upper-canvas");

function canvasRoot() {
  const hosts = document.querySelectorAll("[class*='st-key-canvas-'] *");
  return [...hosts].find((host) => host.shadowRoot?.querySelector("canvas.upper-canvas"))?.shadowRoot;
}

const press = (label) => canvasRoot()?.querySelector(`button[aria-label="${label}"]`)?.click();

// The canvas shows its own buttons when the pointer is over it, and takes no focus by itself.
function prepare(canvas) {
  const root = canvas.getRootNode();
  if (root.querySelector("style.quiet")) return;
  root.append(Object.assign(document.createElement("style"), {
    className: "quiet",
    textContent: ".dc-toolbar { display: none !important } canvas { outline-color: transparent }",
  }));
  canvas.tabIndex = 0;
}

export default function ({ parentElement, setTriggerValue }) {
  const buttons = parentElement.querySelector(".buttons");
  const button = (name) =>
    `<button type="button" aria-label="${name}" title="${TITLES[name]}">
      <svg viewBox="0 0 24 24"><path d="${ICONS[name]}"/></svg></button>`;
  if (!buttons.firstChild) buttons.innerHTML = Object.keys(ICONS).map(button).join("");
  buttons.onclick = (event) => {
    const name = event.target.closest("button")?.ariaLabel;
    if (name === "Clear") setTriggerValue("cleared", true);
    else if (name) press(name);
  };

  let drawing = false;
  const seen = (event) => {
    const [target] = event.composedPath();
    if (isCanvas(target)) prepare(target);
    return isCanvas(target) && target;
  };
  const begin = (event) => {
    const canvas = seen(event);
    drawing = Boolean(canvas);
    if (canvas) canvas.focus({ preventScroll: true });
  };
  const end = () => {
    if (drawing) setTimeout(() => press(SEND)); // after the canvas has taken the stroke
    drawing = false;
  };
  const key = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    if (!isCanvas(event.composedPath()[0])) return;
    press(event.shiftKey ? "Redo" : "Undo");
    event.preventDefault();
  };
  const listening = [
    ["pointerover", seen], ["mousedown", begin], ["touchstart", begin],
    ["mouseup", end], ["touchend", end], ["keydown", key],
  ];
  for (const [kind, listener] of listening) window.addEventListener(kind, listener, true);
  return () => {
    for (const [kind, listener] of listening) window.removeEventListener(kind, listener, true);
  };
}
