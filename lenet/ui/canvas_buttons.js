// Buttons above the canvas, large enough for a finger, in the place of its own small ones, and
// Ctrl+Z on it. They press its own buttons, which are in its shadow root and hidden here. The
// canvas is stretched to the --side that its place has; Fabric.js reckons with that.
//
// A stroke is reported when the pen is lifted: the canvas waits 200 ms for the next one unless
// its button for sending is pressed.

const SEND = "Update the app with this drawing";
const ICONS = {
  Undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  Clear: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
};
const TITLES = { Undo: "Undo (Ctrl+Z)", Clear: "Clear" };

const STYLE = `.dc-toolbar { display: none !important } canvas { outline-color: transparent }
  .dc-scroll { overflow: hidden !important }
  .dc-root, .dc-container { width: var(--side) !important; height: var(--side) !important }
  .canvas-container, canvas { width: 100% !important; height: 100% !important }`;

const isCanvas = (target) => target?.matches?.("canvas.upper-canvas");

function canvasRoot(box = "[class*='st-key-canvas-']") {
  const hosts = document.querySelectorAll(`${box} *`);
  return [...hosts].find((host) => host.shadowRoot?.querySelector("canvas.upper-canvas"))?.shadowRoot;
}

const press = (label) => canvasRoot()?.querySelector(`button[aria-label="${label}"]`)?.click();

// Once it is there: its size, and the focus that it does not take by itself.
let wanted;
function prepare(box) {
  if (box !== wanted) return;
  const root = canvasRoot(box);
  if (!root) return requestAnimationFrame(() => prepare(box));
  if (root.querySelector("style.quiet")) return;
  root.append(Object.assign(document.createElement("style"), { className: "quiet", textContent: STYLE }));
  root.querySelector("canvas.upper-canvas").tabIndex = 0;
}

export default function ({ data, parentElement, setTriggerValue }) {
  prepare((wanted = `.st-key-${data.canvas}`));
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
  const begin = (event) => {
    const [target] = event.composedPath();
    drawing = isCanvas(target);
    if (drawing) target.focus({ preventScroll: true });
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
    ["mousedown", begin], ["touchstart", begin],
    ["mouseup", end], ["touchend", end], ["keydown", key],
  ];
  for (const [kind, listener] of listening) window.addEventListener(kind, listener, true);
  return () => {
    wanted = null;
    for (const [kind, listener] of listening) window.removeEventListener(kind, listener, true);
  };
}
