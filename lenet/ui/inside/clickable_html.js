// Shows data.html and reports what is chosen in it: the data-pick of an element, or the
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
  const map = root.querySelector(".map");
  if (data.fixed) return;
  const pick = (value) => setTriggerValue("picked", value);
  const point = (at) => {
    stand(root, map, at);
    root.asked = { at: at.join(), picture: map.querySelector("img").src };
    pick(root.asked.at);
  };

  root.onclick = (event) => {
    const button = event.target.closest("[data-pick]");
    if (button) pick(button.dataset.pick);
    else if (map?.contains(event.target)) point(position(map, event));
  };
  root.onkeydown = (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    if (event.target === map) point(moved(map, step));
    else if (event.target.dataset.pick) neighbour(event.target, step)?.focus();
    event.preventDefault();
  };
  root.onpointermove = (event) => {
    if (map) outline(root, map, map.contains(event.target) ? position(map, event) : home(map));
  };
  root.onpointerleave = () => map && outline(root, map, home(map));
}

function replace(root, html) {
  const focused = root.getRootNode().activeElement;
  const again = focused?.matches(".map") ? ".map" : `[data-pick="${focused?.dataset.pick}"]`;
  root.innerHTML = html;
  root.shown = html;
  keep(root);
  if (focused) root.querySelector(again)?.focus({ preventScroll: true });
}

// An answer to an earlier key must not put back a position that has moved on since.
function keep(root) {
  const map = root.querySelector(".map");
  const { at, picture } = root.asked ?? {};
  if (at && map?.querySelector("img").src === picture && home(map).join() !== at) {
    stand(root, map, at.split(","));
  } else {
    root.asked = null;
  }
}

// The next key goes on from here.
function stand(root, map, at) {
  [map.dataset.row, map.dataset.column] = at;
  outline(root, map, home(map));
}

function home({ dataset }) {
  return [+dataset.row, +dataset.column];
}

function clamp(value, side) {
  return Math.max(0, Math.min(side - 1, value));
}

function position(map, event) {
  const box = map.getBoundingClientRect();
  const [y, x] = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
  const side = +map.dataset.side;
  return [clamp(Math.floor(y * side), side), clamp(Math.floor(x * side), side)];
}

function moved(map, step) {
  return home(map).map((place, axis) => clamp(place + step[axis], +map.dataset.side));
}

function neighbour(button, [down, right]) {
  return down + right > 0 ? button.nextElementSibling : button.previousElementSibling;
}

// The position on the map and what it sees of the input, both as squares over the pictures.
function outline(root, map, at) {
  const [side, start, jump, size, input] = ["side", "start", "jump", "size", "input"].map(
    (name) => +map.dataset[name],
  );
  lay(root.querySelector(".mark"), at.map((place) => [place, place + 1]), side);
  const seen = at.map((place) => {
    const first = start + place * jump;
    return [Math.max(0, first), Math.min(input, first + size)];
  });
  lay(root.querySelector(".field"), seen, input);
}

function lay(square, [[top, bottom], [left, right]], side) {
  const percent = (pixels) => `${(100 * pixels) / side}%`;
  square.style.top = percent(top);
  square.style.left = percent(left);
  square.style.height = percent(bottom - top);
  square.style.width = percent(right - left);
}
