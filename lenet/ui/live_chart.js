// Shows data.figure, a Plotly figure as JSON; a new one changes the chart that is there.

export default function ({ data, parentElement }) {
  const chart = parentElement.querySelector(".live-chart");
  chart.style.minHeight = `${data.height}px`;
  chart.setAttribute("aria-label", data.alt);
  chart.wanted = data.figure;
  library().then((Plotly) => {
    if (chart.shown === chart.wanted || !chart.isConnected) return;
    chart.shown = chart.wanted;
    const { data: traces, layout } = JSON.parse(chart.shown);
    Plotly.react(chart, traces, layout, { displayModeBar: false, responsive: true });
  });
  return () => chart.isConnected || window.Plotly?.purge(chart);
}
