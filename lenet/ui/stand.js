// Guards the stand: Streamlit shows neither toolbar nor menu where it is embedded; no key and no
// gesture leads away; after 30 seconds without a touch the canvas is cleared.

const IDLE = 30_000;
const TOUCHES = ["pointerdown", "pointermove", "keydown", "wheel"];

export default function ({ data, setTriggerValue }) {
  const address = new URL(location.href);
  if (!address.searchParams.has("embed")) {
    address.searchParams.set("embed", "true");
    location.replace(address);
  }

  let timer;
  const touched = () => {
    clearTimeout(timer);
    if (data) timer = setTimeout(() => setTriggerValue("idle", true), IDLE);
  };
  const stop = (event) => event.preventDefault();
  const key = (event) => {
    if (event.altKey || event.key.startsWith("Browser")) stop(event);
    const shortcut = /^[a-z.]$/i.test(event.key) && !event.ctrlKey && !event.metaKey;
    if (shortcut) event.stopPropagation(); // Streamlit's own, such as C and R
  };
  const follow = (event) => event.target.closest?.("a") && stop(event); // also "Skip to content"
  const listening = [
    ...TOUCHES.map((kind) => [kind, touched]),
    ["keydown", key], ["click", follow], ["contextmenu", stop], ["dragstart", stop],
  ];
  for (const [kind, listener] of listening) window.addEventListener(kind, listener, { capture: true, passive: false });
  touched();
  return () => {
    clearTimeout(timer);
    for (const [kind, listener] of listening) window.removeEventListener(kind, listener, true);
  };
}
