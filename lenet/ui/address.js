// A page has one entry in the browser's history: what changes on the page replaces its address,
// so that Back leads to the page before. Streamlit would add an entry for each change.

export default function () {
  if (window.lenetAddress) return;
  window.lenetAddress = true;
  const push = history.pushState;
  history.pushState = function (state, unused, url) {
    const here = new URL(url, location.href).pathname === location.pathname;
    (here ? history.replaceState : push).call(history, state, unused, url);
  };
}
