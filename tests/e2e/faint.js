// Every text on the page that has less contrast than 4.5 to 1 to what is behind it. Left out: what
// is disabled, what stands on a picture, and the colours of code, which are Streamlit's own.
() => {
  const LEFT_OUT = "style, script, code, .heatmap-label, [data-testid=stElementContainer]:has(:disabled)";
  const parse = (text) => {
    const found = text.match(/[\d.]+/g)?.map(Number);
    if (!found) return null;
    const unit = text.startsWith("color(srgb") ? 255 : 1;
    return [...found.slice(0, 3).map((one) => one * unit), found[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3]));
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((one) => one / 255)
      .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (...colors) => {
    const [low, high] = colors.map(light).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const around = (element) => {
    const found = [];
    for (let one = element; one; one = one.parentElement ?? one.getRootNode().host) found.push(one);
    return found;
  };
  const faint = [];
  const look = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.shadowRoot) look(one.shadowRoot);
      const text = [...one.childNodes].filter((node) => node.nodeType === 3)
        .map((node) => node.textContent.trim()).join("");
      const { width, height } = one.getBoundingClientRect();
      const chain = around(one), styles = chain.map((each) => getComputedStyle(each));
      const opacity = styles.reduce((product, style) => product * Number(style.opacity), 1);
      const off = chain.some((each) => each.disabled || each.ariaDisabled === "true" || each.matches?.(LEFT_OUT));
      const hidden = opacity < 0.05 || styles[0].visibility === "hidden";
      if (!text || !width || !height || off || hidden) continue;
      const back = styles.map((style) => parse(style.backgroundColor)).filter((color) => color?.[3])
        .reduceRight((below, top) => over(top, below), [255, 255, 255]);
      const color = parse(one instanceof SVGElement ? styles[0].fill : styles[0].color);
      if (!color) continue;
      const ratio = contrast(over([...color.slice(0, 3), color[3] * opacity], back), back);
      if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${one.tagName} ${text.slice(0, 40)}`);
    }
  };
  look(document);
  return faint;
}
