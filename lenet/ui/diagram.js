// Shows data.above and data.below. A layer that is tapped, or chosen by Enter, says below what it does; the
// arrows go from layer to layer. What has a data-pick is reported when it is tapped.

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".diagram");
  for (const part of ["above", "below"]) show(root.querySelector(`.${part}`), data[part]);
  mark(root, data.chosen);

  const choose = (target) => {
    const pick = target.closest("[data-pick]");
    const layer = target.closest("[data-layer]");
    if (layer) root.layer = layer.dataset.layer === root.layer && !pick ? "" : layer.dataset.layer;
    if (pick) setTriggerValue("picked", pick.dataset.pick);
    mark(root, pick ? pick.dataset.pick : data.chosen);
  };
  root.onclick = (event) => choose(event.target);
  root.onkeydown = (event) => {
    const near = event.target.closest("button, .target") ? "data-pick" : "data-layer";
    const row = [...root.querySelectorAll(`[${near}]`)];
    if (event.key === "Enter" || event.key === " ") choose(event.target);
    else if (STEPS[event.key]) {
      row[row.indexOf(event.target.closest(`[${near}]`)) + STEPS[event.key]]?.focus();
    } else return;
    event.preventDefault();
  };
}

// New values of the same network change what is there, so that the focus stays and nothing
// flickers: pictures are decoded before they replace others.
async function show(place, content) {
  if (place.content === content) return;
  place.content = content;
  const fresh = document.createElement("div");
  fresh.innerHTML = content;
  const same = shape(place) === shape(fresh);
  place.ariaBusy = `${same}`;
  if (!same) return replace(place, fresh);
  await Promise.allSettled([...fresh.querySelectorAll("image, img")].map(decoded));
  if (place.content !== content) return;
  fresh.childNodes.forEach((child, at) => morph(place.childNodes[at], child));
  place.ariaBusy = "false";
}

function decoded(image) {
  const picture = new Image();
  picture.src = image.getAttribute("href") ?? image.src;
  return picture.decode();
}

const shape = (node) => `${node.nodeName}(${[...node.childNodes].map(shape)})`;

function morph(old, fresh) {
  if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
  for (const { name, value } of fresh.attributes ?? []) put(old, name, value);
  fresh.childNodes.forEach((child, at) => morph(old.childNodes[at], child));
}

function put(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function replace(place, fresh) {
  const { layer, pick } = place.getRootNode().activeElement?.dataset ?? {};
  place.replaceChildren(...fresh.childNodes);
  const again = pick ? `[data-pick="${pick}"]` : `[data-layer="${layer}"]`;
  place.querySelector(again)?.focus({ preventScroll: true });
}

function mark(root, chosen) {
  for (const one of root.querySelectorAll("[data-pick]")) {
    put(one, "aria-pressed", `${one.dataset.pick === chosen}`);
  }
  let text = `${root.querySelector("svg").dataset.total} Tap a layer to see what it does.`;
  for (const layer of root.querySelectorAll("[data-layer]")) {
    const named = layer.dataset.layer === root.layer;
    put(layer, "aria-pressed", `${named}`);
    if (named) text = layer.dataset.says;
  }
  const words = root.querySelector("p");
  if (words.textContent !== text) words.textContent = text;
}
