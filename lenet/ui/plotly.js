// Loads Plotly once for all charts of the page.

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
