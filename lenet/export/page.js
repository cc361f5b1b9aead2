// The page around it: a canvas, the answer, the layers.
const by = (id) => document.getElementById(id);
const made = (kind, more = {}) => Object.assign(document.createElement(kind), more);
const pad = by("pad");
const pen = pad.getContext("2d", { willReadFrequently: true });
let strokes = [];
let sample = null;

function draw() {
  pen.fillStyle = "#000000";
  pen.fillRect(0, 0, pad.width, pad.height);
  Object.assign(pen, { strokeStyle: "#ffffff", lineWidth: 14, lineCap: "round", lineJoin: "round" });
  for (const [[x, y], ...others] of strokes) {
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + 0.01, y); // a dot, if there is no more of it
    for (const place of others) pen.lineTo(...place);
    pen.stroke();
  }
  if (!sample) return;
  pen.imageSmoothingEnabled = false;
  pen.drawImage(picture({ maps: sample.pixels, side: 28, count: 1 }, 1), 0, 0, pad.width, pad.height);
}

// Maps side by side, from black for the smallest of all values to white for the largest.
function picture({ maps, side, count }, columns, canvas = made("canvas", { className: "pixels" })) {
  const cell = side + (count > 1 && side > 1 ? Math.ceil(side / 20) : 0);
  canvas.width = columns * cell;
  canvas.height = Math.ceil(count / columns) * cell;
  const [low, high] = side === 28 && count === 1 ? [0, 255] : [least(maps), most(maps)];
  const image = new ImageData(canvas.width, canvas.height);
  maps.forEach((value, at) => {
    const map = Math.floor(at / side ** 2);
    const x = (map % columns) * cell + (at % side);
    const y = Math.floor(map / columns) * cell + (Math.floor(at / side) % side);
    const level = (255 * (value - low)) / (high - low || 1);
    image.data.set([level, level, level, 255], 4 * (y * canvas.width + x));
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function showLayers(layers) {
  for (const [name, layer] of layers) {
    const { side, count } = layer;
    if (!by(`of ${name}`)) {
      const figure = made("figure");
      const size = side > 1 ? `${count} × ${side}×${side}` : `${count} values`;
      figure.append(made("figcaption", { textContent: `${name}: ${size}` }));
      figure.append(made("canvas", { className: "pixels", id: `of ${name}` }));
      by("layers").append(figure);
    }
    const columns = count === 16 ? 8 : side > 1 ? Math.min(count, 6 * Math.ceil(20 / side)) : 30;
    const canvas = picture(layer, Math.min(columns, count), by(`of ${name}`));
    const pixel = count === 1 ? 112 / side : side > 1 ? Math.max(56 / side, 2) : 12;
    canvas.style.width = `${Math.min(canvas.width * Math.min(pixel, 6), 700)}px`;
    if (side === 1) canvas.style.width = `${canvas.width * 12}px`;
  }
}

function show() {
  const pixels = sample ? sample.pixels : prepared(pen.getImageData(0, 0, pad.width, pad.height).data, pad.width);
  const found = pixels && answered(pixels);
  const name = found && net.classes[found.label];
  by("answer").textContent = !found
    ? "Nothing drawn yet"
    : found.unsure
      ? `This looks like none of the ten to me. Nearest: ${name}`
      : name;
  by("answer").classList.toggle("unsure", Boolean(found && found.unsure));
  const truth = sample && net.classes[sample.label];
  by("truth").textContent = truth ? (truth === name ? "Right" : `Truth: ${truth}`) : "";
  [...by("bars").children].forEach((row, label) => {
    const share = found ? found.probabilities[label] : 0;
    row.classList.toggle("best", Boolean(found) && label === found.label);
    row.children[1].firstChild.style.width = `${100 * share}%`;
    row.children[2].textContent = found ? `${Math.round(100 * share)}%` : "";
  });
  for (const one of by("samples").children) one.setAttribute("aria-pressed", sample === one.sample);
  by("layers").parentElement.hidden = !found;
  if (found) showLayers(found.layers);
}

let due = false;
function refresh() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    draw();
    show();
  });
}

function take(chosen, kept = []) {
  [sample, strokes] = [chosen, kept];
  refresh();
}

function extend(event) {
  const box = pad.getBoundingClientRect();
  const scale = pad.width / box.width;
  const passed = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const { clientX, clientY } of passed.length ? passed : [event]) {
    strokes.at(-1).push([(clientX - box.left) * scale, (clientY - box.top) * scale]);
  }
  refresh();
}

pad.addEventListener("pointerdown", (event) => {
  if (event.button || !event.isPrimary) return;
  pad.setPointerCapture(event.pointerId);
  take(null, [...strokes, []]);
  extend(event);
});
pad.addEventListener("pointermove", (event) => {
  if (event.isPrimary && pad.hasPointerCapture(event.pointerId)) extend(event);
});
by("undo").addEventListener("click", () => take(null, strokes.slice(0, -1)));
by("clear").addEventListener("click", () => take(null));
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z") take(null, strokes.slice(0, -1));
});

net.classes.forEach((name) => {
  const row = made("li");
  row.append(made("span", { textContent: name }), made("div"), made("span", { className: "share" }));
  row.children[1].append(made("div", { className: "bar" }));
  by("bars").append(row);
});
net.samples.forEach(({ pixels, label }) => {
  const one = { pixels: decoded(pixels), label };
  const button = made("button", { type: "button", sample: one, title: net.classes[label] });
  button.setAttribute("aria-label", `Test image: ${net.classes[label]}`);
  button.append(picture({ maps: one.pixels, side: 28, count: 1 }, 1));
  button.addEventListener("click", () => take(one));
  by("samples").append(button);
});
by("tests").hidden = !net.samples.length;
for (const [name, text] of net.card) {
  const row = made("tr");
  row.append(made("th", { scope: "row", textContent: name }), made("td", { textContent: text }));
  by("card").append(row);
}
draw();
show();
