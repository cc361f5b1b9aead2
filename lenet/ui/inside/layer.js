// What a layer computes: every value of one map or feature, in double precision.

const floats = (text) =>
  Float64Array.from(new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
const total = (numbers) => numbers.reduce((sum, one) => sum + one, 0);
const largest = (numbers) => numbers.reduce((most, one) => Math.max(most, Math.abs(one)), 0) || 1;
const range = (count) => Array.from({ length: count }, (_, index) => index);

const CORNERS = ["Upper left", "Upper right", "Lower left", "Lower right"];

function geometry({ shape: [count, height, width], window: [rows, columns], jump, inputs }) {
  const side = Math.floor((height - rows) / jump) + 1;
  const values = floats(inputs);
  // What a kernel lies on in an input map, for a place of the output.
  const patch = (map, place) => {
    const first = (map * height + jump * Math.floor(place / side)) * width + jump * (place % side);
    return range(rows * columns).map(
      (cell) => values[first + Math.floor(cell / columns) * width + (cell % columns)],
    );
  };
  return { count, height, width, rows, columns, jump, side, values, patch, places: range(side ** 2) };
}

function pooling(parts) {
  const layer = geometry(parts);
  const mean = (four) => total(four) / four.length;
  const pool = parts.mean ? mean : (four) => Math.max(...four);
  const results = layer.places.map((place) => pool(layer.patch(0, place)));
  const steps = (place) => [
    ...layer.patch(0, place).map((value, cell) => [CORNERS[cell], value]),
    [parts.last, results[place]],
  ];
  return { ...layer, results, steps };
}

function sums(parts) {
  const layer = geometry(parts);
  const { bias, norm, last, slope, logits } = parts;
  const { count } = layer, area = layer.rows * layer.columns;
  const weights = floats(parts.kernels);
  const kernels = range(count).map((map) => weights.slice(map * area, (map + 1) * area));
  const products = (map, place) => layer.patch(map, place).map((x, cell) => x * kernels[map][cell]);
  const partial = kernels.map((_, map) => layer.places.map((place) => total(products(map, place))));
  const summed = layer.places.map((place) => total(partial.map((map) => map[place])) + bias);
  const spread = norm && Math.sqrt(norm.variance + norm.epsilon);
  const normed = norm
    ? summed.map((x) => ((x - norm.mean) / spread) * norm.weight + norm.bias)
    : summed;
  const activate = {
    tanh: Math.tanh,
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    softmax: (x) => Math.exp(x) / total(logits.map(Math.exp)),
  }[last] ?? ((x) => (x > 0 ? x : x * slope));
  const results = normed.map(activate);
  const maps = count > 1 ? ` over ${count} maps` : "";
  const plus = (value) => `${value < 0 ? "−" : "+"} ${signed(Math.abs(value))}`;
  const formula = norm && `(x ${plus(-norm.mean)}) ÷ √(${signed(norm.variance)} + ${
    norm.epsilon}) × ${signed(norm.weight)} ${plus(norm.bias)}`;
  const steps = (place) => [
    [`Sum of ${count * area} products${maps}`, summed[place] - bias],
    ["+ bias", bias],
    [parts.total, summed[place]],
    ...(norm ? [[`Batch norm<small>${formula}</small>`, normed[place]]] : []),
    [last === "softmax" ? "Softmax over the ten" : last, results[place]],
  ];
  return { ...layer, kernels, products, partial, summed, results, steps };
}
