// The layers, of which a map or a feature can be chosen, and a close-up of the chosen one.

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const PLAY = 8000; // milliseconds for a whole map, slower in the beginning
const REST = 400; // milliseconds after which the place pointed at is reported
const WORDS = "lenet.words"; // "no" in localStorage: the sentences about layers are hidden

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".explorer");
  root.report = (value) => setTriggerValue("picked", value);
  const parts = JSON.stringify([data.strip, data.chosen, data.parts, data.answer]);
  if (root.shown !== parts) {
    stop(root);
    root.shown = parts;
    keepingFocus(root, () => {
      root.querySelector(".stage").innerHTML = data.strip;
      root.layer = data.parts.kind === "pool" ? pooling(data.parts) : sums(data.parts);
      Object.assign(root, { at: data.at, filled: Infinity, data, row: strongest(root.layer, data) });
      root.querySelector(".closeup").innerHTML = closeup(root.layer, data);
      paint(root);
    });
    for (const one of root.querySelectorAll("[data-pick]")) {
      const chosen = one.dataset.pick === data.chosen;
      one.setAttribute("aria-pressed", chosen);
      // The Tab key stops once at each layer; the arrows go on from there.
      one.setAttribute("tabindex", chosen || one.dataset.pick.endsWith("/0") ? 0 : -1);
    }
    explain(root);
    show(root);
  }
  root.onclick = (event) => clicked(root, event);
  root.onkeydown = (event) => pressed(root, event);
  root.oninput = () => soften(root);
  root.onpointermove = ({ target, clientX, clientY }) => {
    if (root.playing) return;
    const found = pointed(root, target, [clientY, clientX]);
    show(root, found ?? root);
  };
  root.onpointerleave = () => root.playing || show(root);
  return () => root.isConnected || stop(root);
}

function keepingFocus(root, change) {
  const focused = root.getRootNode().activeElement;
  change();
  const pick = focused?.dataset.pick;
  const again = pick ? `[data-pick="${pick}"]` : focused?.id && `#${focused.id}`;
  if (again) root.querySelector(again)?.focus({ preventScroll: true });
}

// The input map that adds most at a place, up or down.
const strongest = ({ partial, side }, { at: [row, column] }) => {
  const adds = partial?.map((map) => Math.abs(map[row * side + column])) ?? [0];
  return adds.indexOf(Math.max(...adds));
};

// The place, and the input map, that belong to a point on any of the maps.
function pointed({ layer, data, at, row }, target, point) {
  const map = target.closest?.(".closeup .framed");
  if (!map) return null;
  const { top, left, width, height } = map.getBoundingClientRect();
  const shares = [(point[0] - top) / height, (point[1] - left) / width];
  const within = (one, count) => Math.max(0, Math.min(count - 1, Math.floor(one)));
  const { rows, columns, jump, side } = layer;
  if (data.parts.kind === "dense") {
    const [down, across] = [within(shares[0] * rows, rows), within(shares[1] * columns, columns)];
    return { at, row, cell: down * columns + across };
  }
  if (side === 1 || map.dataset.kind === "kernel") return null;
  // A place of the input belongs to the patch that has it in its middle.
  const cell = (share) => (Math.floor(share * layer.height) - (rows - jump) / 2) / jump;
  const place = shares.map((share) =>
    within(map.dataset.kind === "input" ? cell(share) : share * side, side));
  const own = map.closest("[data-row]");
  return { at: place, row: own ? Number(own.dataset.row) : row };
}

function clicked(root, { target, clientX, clientY }) {
  const button = target.closest("button, [data-pick]");
  if (button?.dataset.pick) {
    stop(root);
    root.report(button.dataset.pick);
  } else if (button?.dataset.map) show(root, Object.assign(root, { row: Number(button.dataset.map) }));
  else if (button?.id === "play") root.playing ? stop(root) : play(root);
  else if (button?.matches(".ask, .hide")) explain(root, button.matches(".ask"));
  else moveTo(root, pointed(root, target, [clientY, clientX]));
}

function pressed(root, event) {
  const { key, target } = event;
  const step = STEPS[key];
  if (!step || !target.matches("[data-pick], [data-map], #result")) return;
  event.preventDefault();
  const limit = root.layer.side - 1;
  if (target.id === "result")
    moveTo(root, { at: root.at.map((at, axis) => Math.max(0, Math.min(limit, at + step[axis]))) });
  else towards(root.querySelectorAll("[data-pick], button[data-map]"), target, step)?.focus();
}

// The nearest button in a direction, rather straight ahead than near.
function towards(buttons, from, [down, right]) {
  const middle = (one) => {
    const { top, left, width, height } = one.getBoundingClientRect();
    return [top + height / 2, left + width / 2];
  };
  const [y, x] = middle(from);
  const cost = (one) => {
    const [v, u] = middle(one).map((at, axis) => at - [y, x][axis]);
    const ahead = v * down + u * right;
    return ahead > 1 ? ahead + 4 * Math.abs(v * right + u * down) : Infinity;
  };
  const [best] = [...buttons].sort((a, b) => cost(a) - cost(b));
  return cost(best) < Infinity ? best : null;
}

function moveTo(root, found) {
  if (!found) return;
  stop(root);
  Object.assign(root, found, { filled: Infinity });
  paint(root);
  show(root);
  clearTimeout(root.rest);
  root.rest = setTimeout(() => root.report(root.at.join()), REST);
}

function play(root) {
  const last = root.layer.places.length;
  const begun = root.filled < last ? PLAY * Math.sqrt(root.filled / last) : 0;
  const start = performance.now() - begun;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const step = (now) => {
    const share = still ? 1 : Math.max(0, (now - start) / PLAY);
    root.filled = Math.min(last, Math.max(1, Math.ceil(last * share ** 2)));
    const place = root.filled - 1;
    root.at = [Math.floor(place / root.layer.side), place % root.layer.side];
    root.playing = root.filled < last && requestAnimationFrame(step);
    paint(root);
    show(root);
  };
  step(performance.now());
}

function stop(root) {
  cancelAnimationFrame(root.playing);
  root.playing = null;
  clearTimeout(root.rest);
  if (root.layer) show(root);
}

// Show or hide the sentences about layers, and remember it; a browser may refuse to.
function explain(root, wanted) {
  try {
    if (wanted !== undefined) localStorage[WORDS] = wanted ? "yes" : "no";
    wanted = localStorage[WORDS] !== "no";
  } catch {
    wanted ??= true;
  }
  root.querySelector(".words span").textContent = root.data.words;
  root.querySelector(".words").hidden = !wanted;
  root.querySelector(".ask").hidden = wanted;
}
