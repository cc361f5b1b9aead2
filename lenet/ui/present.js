// Buttons for who presents, and the keys that do the same: a clicker sends Page Down and Page Up.

const BUTTONS = {
  Previous: ["←", "M15 5l-7 7 7 7"],
  Next: ["→ or Page Down", "M9 5l7 7-7 7"],
  Pause: ["Space", "M8 5v14M16 5v14"],
  "Whole screen": ["F", "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"],
  Leave: ["Escape", "M6 6l12 12M18 6L6 18"],
};
const KEYS = {
  ArrowRight: "Next", PageDown: "Next", ArrowLeft: "Previous", PageUp: "Previous",
  " ": "Pause", f: "Whole screen", F: "Whole screen", Escape: "Leave",
};

export default function ({ data, parentElement, setTriggerValue }) {
  const bar = parentElement.querySelector(".bar");
  const can = [...data, "Whole screen", "Leave"];
  bar.innerHTML ||= Object.entries(BUTTONS).map(([name, [key, path]]) =>
    `<button type="button" name="${name}" aria-label="${name}" title="${name} (${key})">
      <svg viewBox="0 0 24 24"><path d="${path}"/></svg></button>`).join("");
  for (const button of bar.children) button.hidden = !can.includes(button.name);

  const act = (name) => {
    if (name !== "Whole screen") setTriggerValue("pressed", name);
    else if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  };
  bar.onclick = (event) => {
    const button = event.target.closest("button");
    if (button) act(button.name);
  };
  const key = (event) => {
    const [target] = event.composedPath();
    const typing = target.matches?.("input, textarea, select");
    const pressing = event.key === " " && target.matches?.("button, a, [role=button]");
    if (event.ctrlKey || event.altKey || event.metaKey || typing || pressing) return;
    if (!can.includes(KEYS[event.key])) return;
    event.preventDefault();
    event.stopPropagation();
    act(KEYS[event.key]);
  };
  window.addEventListener("keydown", key, true);
  return () => window.removeEventListener("keydown", key, true);
}
