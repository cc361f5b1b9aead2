// Shows data.figure, a Plotly figure as JSON; a new one changes the chart that is there.

const LIBRARY = "component/lenet.ui.live_chart.plotly/plotly.min.js";

function library() {
  window.lenetPlotly ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL(LIBRARY, document.baseURI);
    script.onload = () => done(window.Plotly);
    script.onerror = fail;
    document.head.append(script);
  });
  return window.lenetPlotly;
}

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
