// The close-up of a map or a feature: its HTML, and what is painted into it.

const LEGIBLE = 5; // side of the largest kernel whose numbers are written out
const STRONGEST = 6;

function signed(value, digits = 3) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

const framed = (kind, map, label, more = "") =>
  `<div class="framed ${kind}" data-kind="${kind}" data-map="${map}" ${more}>
    <canvas role="img" aria-label="${label}"></canvas><i></i></div>`;
const figure = (picture, words) => `<figure>${picture}<figcaption>${words}</figcaption></figure>`;

function closeup(layer, { title, parts, answer }) {
  const { kernels, count, side, rows, columns } = layer;
  const flow = parts.kind === "dense" ? dense(layer, parts) : sliding(layer, parts);
  const legible = kernels && parts.kind === "conv" && rows <= LEGIBLE;
  const grid = `<table aria-hidden="true">${`<tr>${"<td></td>".repeat(columns)}</tr>`.repeat(rows)}</table>`;
  const play = side > 1 ? '<button id="play" class="play"></button>' : "";
  return `<header><h3>${title}</h3><span class="quiet">${parts.span}</span>${play}<button class="ask" aria-expanded="false">What is this?</button></header>
    <p class="words"><span></span><button class="hide">Hide</button></p>
    ${answer ? lastStep(answer) : ""}
    <div class="flow ${parts.kind} of${count}${side > 1 ? "" : " single"}">${flow}
      <div class="account"><table class="sum"></table></div></div>
    ${legible ? `<h4></h4><div class="numbers">${grid}<div><b>×</b>${grid}</div><div><b>=</b>${grid}</div></div>` : ""}`;
}

function sliding({ kernels, count, side }, { before, index, name }) {
  const several = count > 1;
  const row = (map) =>
    `<div class="row" data-row="${map}">${
      several ? `<button data-map="${map}" aria-label="Map ${map} of ${before}">${map}</button>` : ""}${
      framed("input", map, several ? `Map ${map} of ${before}` : `What it sees: ${before}`)}${
      kernels ? `<b>×</b>${framed("kernel", map, `Kernel ${map}`)}` : ""}${
      several ? `<b>=</b>${framed("partial", map, `What map ${map} adds`)}<span></span>` : ""}</div>`;
  const heads = several
    ? `<div class="row heads"><span>${before}</span><span>kernel</span><span>adds</span></div>` : "";
  const lines = several
    ? `<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">${range(count)
        .map((map) => `<path d="M0 ${(100 * (map + 0.5)) / count}C60 ${(100 * (map + 0.5)) / count} 40 50 100 50"/>`)
        .join("")}</svg><b class="sigma">Σ</b>` : "";
  const hint = `role="application" tabindex="0" id="result"
    aria-label="Map ${index} of ${name}; the arrow keys move the place"`;
  return `<div class="feeds">${heads}<div class="rows">${range(count).map(row).join("")}</div>${lines}</div>
    <b>→</b><div class="maps">${kernels ? figure(framed("summed", 0, "The sum"), several ? "their sum, and bias" : "sum and bias") : ""}
      ${figure(framed("result", 0, "", side > 1 ? hint : ""), '<output class="place"></output>')}</div>`;
}

const dense = (layer, { before }) => `
  ${figure(framed("input", 0, `The values of ${before}`, `role="application" tabindex="0"
    id="result" aria-label="Values of ${before}; the arrow keys go from one to the other"`), before)}<b>×</b>
  ${figure(framed("kernel", 0, "The weights"), "weights")}<b>=</b>
  ${figure(framed("products", 0, "The products"), "products")}
  <div><output class="product"></output><table class="strongest"></table></div>`;

function lastStep({ classes, chosen, more }) {
  const row = (name, index) =>
    `<tr${index === chosen ? ' class="chosen"' : ""}><th scope="row">${name}</th>
     <td class="diverging"><i></i></td><td></td><td></td><td class="track"><i></i></td><td></td></tr>`;
  return `<div class="last"><table class="softmax"><thead><tr><th scope="col"><span class="unseen">Class</span></th>
    <th scope="col" colspan="2">score (logit)</th><th scope="col">e<sup>score</sup></th>
    <th scope="col" colspan="2">÷ sum = probability</th></tr></thead><tbody>${classes.map(row).join("")}</tbody>
    <tfoot><tr><th scope="row">Sum</th><td></td><td></td><td></td><td></td><td></td></tr></tfoot></table>
    <div><label>Temperature <output>1.00</output>
      <input type="range" min="-2" max="2" step="0.05" value="0" aria-label="Temperature"></label>
    <p class="quiet">The scores are divided by it first: a high one makes doubtful, a low one certain. The network answers with 1.</p>${more}</div></div>`;
}

// Grays as Python's: 0 is mid-grey.
const gray = (value, scale) => Math.round(128 + 127 * Math.max(-1, Math.min(1, value / scale)));

function paint(root) {
  const { layer, data, filled } = root;
  const { count, height, width, rows, columns, side, kernels = [] } = layer;
  const whole = height * width;
  const inputs = largest(layer.values), weights = largest(kernels.flatMap((one) => [...one]));
  const partial = largest((layer.partial ?? []).flat());
  const draw = (kind, map, values, across, scale, until = Infinity) => {
    const canvas = root.querySelector(`.${kind}[data-map="${map}"] canvas`);
    if (!canvas) return;
    [canvas.width, canvas.height] = [across, values.length / across];
    const picture = new ImageData(across, values.length / across);
    values.forEach((value, place) => {
      picture.data.fill(gray(value, scale), 4 * place, 4 * place + 3);
      picture.data[4 * place + 3] = place < until ? 255 : 0;
    });
    canvas.getContext("2d").putImageData(picture, 0, 0);
  };
  for (const map of range(count)) {
    draw("input", map, layer.values.slice(map * whole, (map + 1) * whole), width, inputs);
    if (kernels.length) draw("kernel", map, kernels[map], columns, weights);
    if (layer.partial) draw("partial", map, layer.partial[map], side, partial, filled);
  }
  if (layer.summed) draw("summed", 0, layer.summed, side, Math.max(partial, largest(layer.summed)), filled);
  if (data.parts.kind === "dense") {
    draw("products", 0, layer.products(0, 0), columns, largest(layer.products(0, 0)));
    rank(root, layer.products(0, 0));
  }
  draw("result", 0, layer.results, side, data.parts.scale, filled);
  if (data.answer) soften(root);
}

function rank(root, products) {
  const { values, kernels } = root.layer;
  const order = range(products.length).sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]));
  const shown = order.slice(0, STRONGEST);
  root.cell ??= order[0];
  const row = (index) => `<tr><td>${index}</td><td>${signed(values[index])}</td>
    <td>× ${signed(kernels[0][index])}</td><td>= ${signed(products[index])}</td></tr>`;
  const rest = total(products) - total(shown.map((index) => products[index]));
  root.querySelector(".strongest").innerHTML = `<caption>What adds most</caption>${shown.map(row).join("")}
    <tr class="quiet"><td colspan="3">${order.length - shown.length} others</td><td>${signed(rest)}</td></tr>`;
}

// The ten logits, divided by the temperature, their exponentials, and each one's share.
function soften(root) {
  const { classes, logits } = root.data.answer;
  const input = root.querySelector("input");
  const temperature = 2 ** Number(input.value);
  root.querySelector("label output").value = temperature.toFixed(2);
  input.setAttribute("aria-valuetext", temperature.toFixed(2));
  const scaled = logits.map((logit) => logit / temperature);
  const powers = scaled.map(Math.exp), sum = total(powers), most = largest(scaled);
  const short = (x) => (x >= 1e6 || x < 1e-3 ? x.toExponential(1).replace("-", "−")
    : x.toLocaleString("en", { maximumSignificantDigits: 4 }));
  root.querySelectorAll(".softmax tbody tr").forEach((row, index) => {
    const [bar, logit, power, track, share] = row.querySelectorAll("td");
    const width = (50 * Math.abs(scaled[index])) / most;
    bar.firstChild.style.cssText = `width:${width}%;left:${scaled[index] < 0 ? 50 - width : 50}%`;
    track.firstChild.style.width = `${(100 * powers[index]) / sum}%`;
    [logit.textContent, power.textContent] = [signed(scaled[index], 2), short(powers[index])];
    share.textContent = `${((100 * powers[index]) / sum).toFixed(1)} %`;
    row.classList.toggle("best", scaled[index] === Math.max(...scaled));
    row.title = classes[index];
  });
  root.querySelectorAll(".softmax tfoot td")[2].textContent = short(sum);
}

function show(root, { at = root.at, row = root.row, cell = root.cell } = {}) {
  const { layer, data, playing } = root;
  const { side, jump, rows, columns, height, width } = layer;
  const place = at[0] * side + at[1];
  const put = (kind, first, [down, across], [high, wide]) => {
    for (const map of root.querySelectorAll(`.${kind}`)) lay(map.lastElementChild, first, [down, across], [high, wide]);
  };
  if (data.parts.kind === "dense") {
    const [value, weight] = [layer.values[cell], layer.kernels[0][cell]];
    for (const kind of ["input", "kernel", "products"])
      put(kind, [Math.floor(cell / columns), cell % columns], [1, 1], [rows, columns]);
    root.querySelector(".product").value = `${cell}: ${signed(value)} × ${signed(weight)} = ${signed(value * weight)}`;
  } else if (side > 1) put("input", at.map((one) => one * jump), [rows, columns], [height, width]);
  for (const kind of side > 1 ? ["partial", "summed", "result"] : []) put(kind, at, [1, 1], [side, side]);
  seen(root, at);

  const button = root.querySelector("#play");
  if (button) button.textContent = playing ? "Pause" : "Play";
  const words = root.querySelector(".place");
  if (words) {
    words.setAttribute("aria-live", playing ? "off" : "polite");
    words.textContent = side > 1 ? `Row ${at[0]}, column ${at[1]} of ${side}×${side}` : "after the activation";
  }
  const line = ([name, value]) => `<tr><td>${name}</td><td>${signed(value, 6)}</td></tr>`;
  root.querySelector(".sum").innerHTML = layer.steps(place).map(line).join("");
  if (layer.kernels && data.parts.kind === "conv") terms(root, place, row);
}

function terms(root, place, row) {
  const { layer, data } = root;
  const adds = layer.partial.map((map) => map[place]), most = largest(adds);
  root.querySelectorAll(".rows .row").forEach((one, map) => {
    one.classList.toggle("focus", map === row && adds.length > 1);
    const label = one.querySelector("span");
    if (label) label.textContent = signed(adds[map], 2);
  });
  root.querySelectorAll(".feeds path").forEach((line, map) => {
    line.style.strokeWidth = 0.5 + (4 * Math.abs(adds[map])) / most;
    line.classList.toggle("less", adds[map] < 0);
  });
  const head = root.querySelector("h4");
  if (!head) return;
  head.textContent = `${adds.length > 1 ? `Map ${row} of ${data.parts.before}: p` : "P"}atch × kernel = products, sum ${signed(adds[row])}`;
  const numbers = [layer.patch(row, place), [...layer.kernels[row]], layer.products(row, place)];
  root.querySelectorAll(".numbers table").forEach((table, which) => {
    const scale = largest(numbers[which]);
    table.querySelectorAll("td").forEach((cell, index) => {
      const shade = gray(numbers[which][index], scale);
      cell.textContent = signed(numbers[which][index], 2);
      cell.style.cssText = `background:rgb(${shade},${shade},${shade});color:${shade > 117 ? "#000" : "#fff"}`;
    });
  });
}

// A square over a picture of high × wide cells; what lies outside is cut off.
function lay(square, [top, left], [down, across], [high, wide]) {
  const share = (edge, whole) => `${(100 * Math.max(0, edge)) / whole}%`;
  square.style.display = "block";
  square.style.inset = `${share(top, high)} ${share(wide - left - across, wide)} ${share(high - top - down, high)} ${share(left, wide)}`;
}
