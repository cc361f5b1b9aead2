// Shows data.figure, a Plotly figure as JSON; a new one changes the chart that is there.

export default function ({ data, parentElement }) {
  const chart = parentElement.querySelector(".live-chart");
  // Where a page is presented, a letter is larger than 16 pixels, and the chart grows with it.
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const height = (data.height * size) / 16;
  chart.style.minHeight = `${height}px`;
  chart.setAttribute("aria-label", data.alt);
  chart.wanted = data.figure;
  library().then((Plotly) => {
    if (chart.shown === chart.wanted || !chart.isConnected) return;
    chart.shown = chart.wanted;
    const { data: traces, layout } = JSON.parse(chart.shown);
    Object.assign(layout, { height }, size > 16 && { font: { size: 0.9 * size } });
    Plotly.react(chart, traces, layout, { displayModeBar: false, responsive: true });
  });
  return () => chart.isConnected || window.Plotly?.purge(chart);
}
