// From a drawing to ten probabilities: the same numbers as lenet/drawing/centre.py gives, to the
// level, and as lenet/network/ gives, to rounding.
"use strict";

const net = JSON.parse(document.getElementById("network").textContent);
const SIDE = 28;
const NOTHING = 13;
const decoded = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const weights = {};
{
  const all = new Float32Array(decoded(net.weights).buffer);
  let taken = 0;
  for (const [name, count] of net.sizes) weights[name] = all.subarray(taken, (taken += count));
}

// As Python rounds: of two numbers that are equally near, the even one.
const rounded = (value) => {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 ? near - 1 : near;
};
const most = (values) => values.reduce((one, other) => Math.max(one, other), -Infinity);
const least = (values) => values.reduce((one, other) => Math.min(one, other), Infinity);

function stretched(content) {
  const factor = Math.fround(255 / most(content));
  return new Uint8Array(new Float32Array(content).map((value) => rounded(Math.fround(value * factor))));
}

// The level that the darker pixels of the border share, and how far they stray from it.
function background(gray, width) {
  const middle = (least(gray) + most(gray)) / 2;
  const last = gray.length - width;
  const border = gray
    .filter((value, at) => at < width || at >= last || at % width === 0 || at % width === width - 1)
    .filter((value) => value <= middle)
    .sort();
  if (!border.length) return [least(gray), 0];
  const third = Math.max(1, Math.floor(border.length / 3));
  const span = (at) => border[at + third - 1] - border[at];
  let start = 0;
  for (let at = 1; at + third <= border.length; at++) if (span(at) < span(start)) start = at;
  return [border[start] + span(start) / 2, 2.5 * span(start)];
}

// The mean of each five pixels of a row, turned by 90°: twice it is the mean of 5×5.
function blurred(levels, length, rows) {
  const found = new Uint8Array(levels.length);
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < length; at++) {
      let sum = 0;
      for (let near = at - 2; near <= at + 2; near++) {
        sum += levels[row * length + Math.min(Math.max(near, 0), length - 1)];
      }
      found[at * rows + row] = Math.floor((sum * 3355443 + 2 ** 23) / 2 ** 24);
    }
  }
  return found;
}

// The matrix times each row, turned by 90°: twice it maps both axes.
function mapped(matrix, values, length) {
  const rows = values.length / length;
  const found = new Float32Array((matrix.length / length) * rows);
  for (let to = 0; to * length < matrix.length; to++) {
    const weights = matrix.subarray(to * length, (to + 1) * length);
    const used = (weight) => weight !== 0;
    const first = Math.max(weights.findIndex(used), 0);
    const end = weights.findLastIndex(used) + 1;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let at = first; at < end; at++) sum += values[row * length + at] * weights[at];
      found[to * rows + row] = sum;
    }
  }
  return found;
}

// The matrix by which Pillow resizes with Lanczos' filter.
function lanczos(length, wanted) {
  const sinc = (x) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
  const matrix = new Float64Array(wanted * length);
  const scale = length / wanted;
  const wide = Math.max(scale, 1);
  for (let to = 0; to < wanted; to++) {
    if (wanted === length) {
      matrix[to * length + to] = 1;
      continue;
    }
    const centre = (to + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - 3 * wide + 0.5), 0);
    const end = Math.min(Math.trunc(centre + 3 * wide + 0.5), length);
    const row = matrix.subarray(to * length + first, to * length + end);
    for (let at = first; at < end; at++) {
      const x = (at - centre + 0.5) * (1 / wide);
      row[at - first] = x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    }
    const total = row.reduce((sum, value) => sum + value, 0);
    row.forEach((value, at) => (row[at] = value / total));
  }
  return matrix;
}

// Where rows or columns begin to have their centre of mass in the middle, as MNIST's have.
function towardsCentre(levels, count, place) {
  let mass = 0;
  let moment = 0;
  levels.forEach((level, at) => {
    mass += level;
    moment += level * place(at);
  });
  return Math.min(Math.max(rounded(14 - moment / mass), 0), SIDE - count);
}

function placed(content, width, height) {
  const digits = net.dataset === "MNIST";
  const share = (digits ? 20 : SIDE) / Math.max(width, height);
  const across = Math.max(1, rounded(width * share));
  const down = Math.max(1, rounded(height * share));
  const wide = mapped(lanczos(width, across), content, width);
  const levels = stretched(
    mapped(lanczos(height, down), wide, height).map((value) => Math.min(Math.max(value, 0), 255)),
  );
  const left = digits ? towardsCentre(levels, across, (at) => at % across) : (29 - across) >> 1;
  const top = digits
    ? towardsCentre(levels, down, (at) => Math.floor(at / across))
    : (29 - down) >> 1;
  const pixels = new Uint8Array(SIDE * SIDE);
  levels.forEach((level, at) => {
    pixels[(top + Math.floor(at / across)) * SIDE + left + (at % across)] = level;
  });
  return pixels;
}

// A canvas of light ink on black, its RGBA bytes, to 28×28 levels; null if nothing is drawn.
function prepared(rgba, width) {
  const gray = new Uint8Array(rgba.length / 4);
  for (let at = 0; at < gray.length; at++) {
    const from = 4 * at;
    gray[at] = (rgba[from] * 19595 + rgba[from + 1] * 38470 + rgba[from + 2] * 7471 + 32768) >> 16;
  }
  const height = gray.length / width;
  const [level, strays] = background(gray, width);
  const difference = new Float32Array(gray).map((value) => value - level);
  const stray = Math.min(strays, most(difference.map(Math.abs)) / 2);
  const content = difference.map((value) => Math.max(value - stray, 0));
  if (most(content) <= NOTHING) return null;
  const levels = stretched(content);
  const means = blurred(blurred(levels, width, height), height, width);
  let [left, top, right, bottom] = [width, height, -1, -1];
  levels.forEach((value, at) => {
    if (Math.min(value, means[at]) <= NOTHING) return;
    const x = at % width;
    const y = Math.floor(at / width);
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    bottom = y;
  });
  if (right < 0) return null;
  const cropped = levels.filter((value, at) => {
    const x = at % width;
    const y = Math.floor(at / width);
    return left <= x && x <= right && top <= y && y <= bottom;
  });
  return placed(cropped, right - left + 1, bottom - top + 1);
}

const ACTIVATIONS = {
  tanh: Math.tanh,
  relu: (value) => Math.max(value, 0),
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  leaky_relu: (value) => (value > 0 ? value : net.slope * value),
};
const activated = (values) => values.map(ACTIVATIONS[net.activation]);

function convolved({ maps, side, count }, name, frame) {
  const kernels = weights[`${name}.weight`];
  const biases = weights[`${name}.bias`];
  const kernel = Math.sqrt(kernels.length / biases.length / count);
  const inner = side + 2 * frame;
  const size = inner - kernel + 1;
  const framed = new Float64Array(count * inner * inner);
  for (let row = 0; row < count * side; row++) {
    const map = Math.floor(row / side);
    const start = (map * inner + (row % side) + frame) * inner + frame;
    framed.set(maps.subarray(row * side, (row + 1) * side), start);
  }
  const found = new Float64Array(biases.length * size * size);
  let place = 0;
  biases.forEach((bias, out) => {
    found.fill(bias, out * size * size, (out + 1) * size * size);
    for (let map = 0; map < count; map++) {
      for (let dy = 0; dy < kernel; dy++) {
        for (let dx = 0; dx < kernel; dx++) {
          const weight = kernels[place++];
          for (let y = 0; y < size; y++) {
            let to = (out * size + y) * size;
            let from = (map * inner + y + dy) * inner + dx;
            for (let x = 0; x < size; x++) found[to++] += weight * framed[from++];
          }
        }
      }
    }
  });
  return { maps: activated(found), side: size, count: biases.length };
}

function pooled({ maps, side, count }) {
  const size = side >> 1;
  const found = new Float64Array(count * size * size);
  for (let at = 0; at < found.length; at++) {
    const x = at % size;
    const row = Math.floor(at / size);
    const from = (Math.floor(row / size) * side + 2 * (row % size)) * side + 2 * x;
    const four = [maps[from], maps[from + 1], maps[from + side], maps[from + side + 1]];
    found[at] = net.pooling === "max" ? Math.max(...four) : (four[0] + four[1] + four[2] + four[3]) / 4;
  }
  return { maps: found, side: size, count };
}

function linear(values, name) {
  const matrix = weights[`${name}.weight`];
  return Float64Array.from(weights[`${name}.bias`], (bias, row) => {
    let sum = bias;
    for (let at = 0; at < values.length; at++) sum += values[at] * matrix[row * values.length + at];
    return sum;
  });
}

// The means of a map's `cells`×`cells` parts, which may share pixels.
function averaged({ maps, side, count }, cells) {
  const found = [];
  const from = (cell) => Math.floor((cell * side) / cells);
  const to = (cell) => Math.ceil(((cell + 1) * side) / cells);
  for (let at = 0; at < count * cells * cells; at++) {
    const [map, row, column] = [Math.floor(at / cells ** 2), Math.floor(at / cells) % cells, at % cells];
    let sum = 0;
    for (let y = from(row); y < to(row); y++) {
      for (let x = from(column); x < to(column); x++) sum += maps[(map * side + y) * side + x];
    }
    found.push(sum / ((to(row) - from(row)) * (to(column) - from(column))));
  }
  return found;
}

// All layers of one view: [name, { maps, side, count }], and the ten outputs.
function forward(x) {
  let at = { maps: x, side: net.side, count: 1 };
  const layers = [];
  for (const place of [0, 1, 2]) {
    at = convolved(at, `conv${place}`, place ? 0 : net.padding);
    layers.push([`conv${place}`, at]);
    if (place === 2 && !net.pool2) break;
    at = pooled(at);
    layers.push([`pool${place}`, at]);
  }
  const last = activated(linear(at.maps, "fc3"));
  layers.push(["fc3", { maps: last, side: 1, count: last.length }]);
  return { layers, outputs: linear(last, "fc4") };
}

function views(x) {
  const side = net.side;
  const mirrored = x.map((_, at) => x[at - 2 * (at % side) + side - 1]);
  if (net.views === "one") return [x];
  if (net.views === "mirror") return [x, mirrored];
  const moved = (view, down, right) =>
    view.map((_, at) => {
      const row = (Math.floor(at / side) - down + side) % side;
      return view[row * side + (((at % side) - right + side) % side)];
    });
  const moves = [[0, 0], [0, 1], [0, -1], [1, 0], [-1, 0]];
  return [x, mirrored].flatMap((view) => moves.map((move) => moved(view, ...move)));
}

function looksLikeNone(layers) {
  if (!("hidden.weight" in weights)) return false;
  const [early, late, last] = [layers.get("pool1"), layers.get(net.pool2 ? "pool2" : "conv2"), layers.get("fc3")];
  const features = [...averaged(early, 5), ...averaged(late, 1), ...last.maps];
  const hidden = linear(features, "hidden").map((value) => Math.max(value, 0));
  return linear(hidden, "out")[0] > 0;
}

// 28×28 levels to ten probabilities, the class, whether it looks like none, and the layers.
function answered(pixels) {
  const input = mapped(weights.fit, mapped(weights.fit, pixels, SIDE), SIDE);
  const x = Float64Array.from(input, (level) => (level - 255 * net.mean) / (255 * net.std));
  const all = views(x).map(forward);
  const probabilities = new Array(10).fill(0);
  for (const { outputs } of all) {
    const powers = outputs.map((value) => Math.exp(value - most(outputs)));
    const total = powers.reduce((sum, value) => sum + value, 0);
    powers.forEach((power, label) => (probabilities[label] += power / total / all.length));
  }
  const layers = new Map([["input", { maps: input, side: net.side, count: 1 }], ...all[0].layers]);
  const label = probabilities.indexOf(most(probabilities));
  return { probabilities, label, unsure: looksLikeNone(layers), layers };
}
