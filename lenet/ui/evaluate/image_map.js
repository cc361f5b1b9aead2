// Shows data.figure, whose points have their image's number and answer as customdata, and beside
// the pointer the image, of data.sprite. Reports a tapped point as "point", a lasso as "lasso".

const SIZE = 84; // pixels on the screen; the sprite has 100 images in a row

function show(picture, data, { x, y, points: [point] }) {
  const [index, answer] = point.customdata, truth = point.data.meta;
  const image = picture.firstElementChild;
  image.style.backgroundImage = `url(${data.sprite})`;
  image.style.backgroundPosition = `${-(index % 100) * SIZE}px ${-Math.floor(index / 100) * SIZE}px`;
  const name = data.classes[truth];
  const taken = answer === truth ? "recognised" : `taken for ${data.classes[answer]}`;
  picture.lastElementChild.textContent = `Test image ${index}: ${name}, ${taken}`;
  const room = picture.parentElement.getBoundingClientRect();
  picture.style.left = `${Math.min(x - room.left + 14, room.width - 150)}px`;
  picture.style.top = `${y - room.top + 14}px`;
  picture.hidden = false;
}

function listen(chart, picture) {
  chart.on("plotly_hover", ({ event, points }) =>
    show(picture, chart.given, { x: event.clientX, y: event.clientY, points }));
  chart.on("plotly_unhover", () => { picture.hidden = true; });
  chart.on("plotly_click", ({ points: [point] }) => chart.report("point", point.customdata[0]));
  chart.on("plotly_selected", (found) => {
    if (found?.points) chart.report("lasso", found.points.map((point) => point.customdata[0]));
  });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const chart = parentElement.querySelector(".live-chart");
  const picture = parentElement.querySelector(".under-pointer");
  new Image().src = data.sprite; // loaded before a point is pointed at
  chart.style.minHeight = `${data.height}px`;
  chart.setAttribute("aria-label", data.alt);
  chart.report = setTriggerValue;
  chart.given = data;
  library().then(async (Plotly) => {
    if (chart.shown === chart.given.figure || !chart.isConnected) return;
    chart.shown = chart.given.figure;
    const { data: traces, layout } = JSON.parse(chart.shown);
    const buttons = [["pan2d", "lasso2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]];
    const options = { displaylogo: false, displayModeBar: true, modeBarButtons: buttons };
    await Plotly.react(chart, traces, layout, { ...options, scrollZoom: true, responsive: true });
    if (!chart.listens) listen(chart, picture);
    chart.listens = true;
  });
  return () => chart.isConnected || window.Plotly?.purge(chart);
}
