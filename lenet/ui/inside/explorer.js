// The layers, of which a map or a feature can be chosen, and a close-up of the chosen one.

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const PLAY = 8000; // milliseconds for a whole map, slower in the beginning
const REST = 400; // milliseconds after which the place pointed at is reported
const WORDS = "lenet.words"; // "no" in localStorage: the sentences about layers are hidden

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".explorer");
  root.report = (value) => setTriggerValue("picked", value);
  const parts = JSON.stringify([data.stage, data.chosen, data.parts, data.answer]);
  if (root.shown !== parts) {
    stop(root);
    root.shown = parts;
    keepingFocus(root, () => {
      root.querySelector(".stage").innerHTML = data.stage;
      root.stage = root.querySelector(".stage svg");
      root.layer = data.parts.kind === "pool" ? pooling(data.parts) : sums(data.parts);
      Object.assign(root, { at: data.at, filled: Infinity, cell: null, data, row: strongest(root.layer, data) });
      root.querySelector(".closeup").innerHTML = closeup(root.layer, data);
      paint(root);
    });
    for (const one of root.querySelectorAll("[data-pick]")) {
      const chosen = one.dataset.pick === data.chosen;
      one.setAttribute("aria-pressed", chosen);
      // The Tab key stops once at each layer; the arrows go on from there.
      one.setAttribute("tabindex", chosen || one.dataset.pick.endsWith("/0") ? 0 : -1);
    }
    for (const one of root.querySelectorAll("[data-layer]")) one.removeAttribute("tabindex");
    feed(root);
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
function pointed({ layer, data, row }, target, point) {
  const map = target.closest?.(".closeup .framed");
  if (!map) return null;
  const { top, left, width, height } = map.getBoundingClientRect();
  const shares = [(point[0] - top) / height, (point[1] - left) / width];
  const within = (one, count) => Math.max(0, Math.min(count - 1, Math.floor(one)));
  const { rows, columns, jump, side } = layer;
  if (data.parts.kind === "dense") {
    const [down, across] = [within(shares[0] * rows, rows), within(shares[1] * columns, columns)];
    return { cell: down * columns + across };
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
  if (button?.dataset.pick) choose(root, button.dataset.pick);
  else if (button?.dataset.map) show(root, Object.assign(root, { row: Number(button.dataset.map) }));
  else if (button?.id === "play") root.playing ? stop(root) : play(root);
  else if (button?.matches(".ask, .hide")) explain(root, button.matches(".ask"));
  else moveTo(root, pointed(root, target, [clientY, clientX]));
}

function choose(root, pick) {
  stop(root);
  root.report(pick);
}

function pressed(root, event) {
  const { key, target } = event;
  const step = STEPS[key];
  const chooses = target.dataset.pick && (key === "Enter" || key === " ");
  if (!chooses && !(step && target.matches("[data-pick], [data-map], #result"))) return;
  event.preventDefault();
  const { side, rows, columns } = root.layer;
  const moved = (one, axis, count) => Math.max(0, Math.min(count - 1, one + step[axis]));
  if (chooses) choose(root, target.dataset.pick);
  else if (target.matches(".input")) {
    const [down, across] = [Math.floor(root.cell / columns), root.cell % columns];
    moveTo(root, { cell: moved(down, 0, rows) * columns + moved(across, 1, columns) });
  } else if (target.id === "result")
    moveTo(root, { at: root.at.map((one, axis) => moved(one, axis, side)) });
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
  if (found.at) root.rest = setTimeout(() => root.report(root.at.join()), REST);
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

// Lines in the drawing, to the chosen map from those that feed it; from many, from their edge.
function feed({ data, stage }) {
  const { before, index, kind } = data.parts;
  const picture = stage.querySelector(`[data-layer="${before}"] image`);
  const all = [...stage.querySelectorAll(`[data-pick^="${before}/"]`)];
  const from = kind === "pool" ? [all[index]] : all.length ? all : [picture];
  const edge = (one, end) => {
    const { e, f } = one.parentNode.transform.baseVal.consolidate().matrix;
    const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => one[name].baseVal.value);
    return [e + x + end * width, f + y + height / 2];
  };
  const to = edge(stage.querySelector('[aria-pressed="true"]'), 0);
  const lines = from.map((one) => {
    const [x, y] = edge(one, 1);
    return `M${from.length > 16 ? edge(picture, 1)[0] : x} ${y}L${to.join(" ")}`;
  });
  inside(stage, "path", "feed", { d: [...new Set(lines)].join("") });
}

// The square of the picture that a place sees.
function seen({ data, stage }, at) {
  const [start, step, size, input] = data.field;
  const picture = stage.querySelector("[data-layer=input] image");
  const unit = picture.width.baseVal.value / input;
  const [top, left] = at.map((one) => Math.max(0, start + one * step));
  const [bottom, right] = at.map((one) => Math.min(input, start + one * step + size));
  inside(picture.parentNode, "rect", "field", {
    x: picture.x.baseVal.value + left * unit,
    y: picture.y.baseVal.value + top * unit,
    width: (right - left) * unit,
    height: (bottom - top) * unit,
  });
}

// The one element of a class in a part of the drawing, with these attributes.
function inside(part, kind, name, attributes) {
  const one = part.querySelector(`.${name}`)
    ?? part.appendChild(document.createElementNS(part.namespaceURI, kind));
  for (const [key, value] of Object.entries({ class: name, ...attributes })) one.setAttribute(key, value);
}

// Show or hide the sentences about layers, and remember it; a browser may refuse to.
function explain(root, wanted) {
  try {
    if (wanted !== undefined) localStorage[WORDS] = wanted ? "yes" : "no";
    wanted = localStorage[WORDS] !== "no";
  } catch {
    wanted ??= true;
  }
  const [name] = root.data.chosen.split("/");
  const { says } = root.querySelector(`[data-layer="${name}"]`).dataset;
  root.querySelector(".words span").textContent = says;
  root.querySelector(".words").hidden = !wanted;
  root.querySelector(".ask").hidden = wanted;
}
