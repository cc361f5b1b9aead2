// A picture with a box around each digit that was read; a tap on a box chooses it.

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".digits");
  const picture = Object.assign(document.createElement("img"), { src: data.picture, alt: data.alt });
  const boxes = data.boxes.map(({ place, name, unsure, chosen }, at) => {
    const box = Object.assign(document.createElement("button"), { type: "button", value: at });
    const [left, top, width, height] = place.map((share) => `${100 * share}%`);
    Object.assign(box.style, { left, top, width, height });
    box.ariaLabel = `Digit ${at + 1}: ${name}${unsure ? ", not sure" : ""}`;
    box.ariaPressed = String(chosen);
    box.classList.toggle("unsure", unsure);
    const word = Object.assign(document.createElement("span"), { textContent: name });
    if (unsure) word.textContent += "?";
    box.append(word);
    return box;
  });
  root.replaceChildren(picture, ...boxes);
  root.onclick = (event) => {
    const box = event.target.closest("button");
    if (box) setTriggerValue("picked", box.value);
  };
}
