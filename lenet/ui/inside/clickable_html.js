// Shows data.html and reports what is chosen in it: the data-pick of a button, or the
// "row,column" of a position on a map. On a map, the receptive field follows the pointer.

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".pointing");
  if (root.shown !== data.html) replace(root, data.html);
  for (const button of root.querySelectorAll("[data-pick]")) {
    button.disabled = data.fixed;
    const chosen = button.dataset.pick === data.chosen;
    button.setAttribute("aria-pressed", chosen);
    // The Tab key stops once at each layer; the arrows go on from there.
    button.tabIndex = chosen || !button.previousElementSibling ? 0 : -1;
  }
  if (data.fixed) return;
  const map = root.querySelector(".map");
  const pick = (value) => setTriggerValue("picked", value);
  const moveTo = (at) => {
    map.dataset.at = at;
    outline(root, at);
    root.asked = { at: map.dataset.at, picture: map.querySelector("img").src };
    pick(root.asked.at);
  };

  root.onclick = (event) => {
    const button = event.target.closest("[data-pick]");
    if (button) pick(button.dataset.pick);
    else if (map?.contains(event.target)) moveTo(pointed(map, event));
  };
  root.onkeydown = (event) => {
    const { key, target } = event;
    const step = STEPS[key];
    if (!step) return;
    const next = step.includes(1) ? "nextElementSibling" : "previousElementSibling";
    if (target === map) moveTo(current(map).map((at, axis) => inside(map, at + step[axis])));
    else if (target.dataset.pick) target[next]?.focus();
    event.preventDefault();
  };
  root.onpointermove = (event) =>
    outline(root, map?.contains(event.target) ? pointed(map, event) : current(map));
  root.onpointerleave = () => outline(root, current(map));
}

function replace(root, html) {
  const focused = root.getRootNode().activeElement;
  const again = focused?.matches(".map") ? ".map" : `[data-pick="${focused?.dataset.pick}"]`;
  root.innerHTML = root.shown = html;
  if (focused) root.querySelector(again)?.focus({ preventScroll: true });
  // The answer to an earlier key must not put back a position that has moved on since.
  const map = root.querySelector(".map");
  const { at, picture } = root.asked ?? {};
  if (map && map.querySelector("img").src === picture && map.dataset.at !== at) map.dataset.at = at;
  else root.asked = null;
  outline(root, current(map));
}

const current = (map) => (map?.dataset.at ?? "0,0").split(",").map(Number);
const inside = (map, at) => Math.max(0, Math.min(map.dataset.side - 1, at));

function pointed(map, event) {
  const box = map.getBoundingClientRect();
  const shares = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
  return shares.map((share) => inside(map, Math.floor(share * map.dataset.side)));
}

// The position on the map and what it sees of the input, both as squares over the pictures.
function outline(root, at) {
  const field = root.querySelector(".field");
  if (!field) return;
  const [start, jump, size, input] = field.dataset.field.split(",").map(Number);
  const first = at.map((place) => start + place * jump);
  lay(field, first, first.map((from) => from + size), input);
  const mark = root.querySelector(".mark");
  if (mark) lay(mark, at, at.map((place) => place + 1), mark.parentElement.dataset.side);
}

// What lies outside of the picture, in the padding, is cut off.
function lay(square, [top, left], [bottom, right], side) {
  const edges = [top, side - right, side - bottom, left];
  square.style.inset = edges.map((edge) => `${(100 * Math.max(0, edge)) / side}%`).join(" ");
}
