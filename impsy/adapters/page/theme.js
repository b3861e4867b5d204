/** The colours of the style sheet for canvases, and the marks of the players: each a shape, so colour never speaks alone. */

const dark = matchMedia("(prefers-color-scheme: dark)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const NAMES = ["you", "impsy", "ink", "line", "faint"];
let colours = null;

/** The present colours by name. */
export function theme() {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }
  return colours;
}

/** Call `repaint` when the colours change. */
export function onTheme(repaint) {
  dark.addEventListener("change", () => {
    colours = null;
    repaint();
  });
}

/** Whether the person asks for little motion. */
export const stillness = () => calm.matches;

/** The colour of a player's mark. */
export const colourOf = (name) => (name === "impsy" ? theme().impsy : theme().you);

/** Draw a player's mark: you a disc, another performer a ring, impsy a diamond. */
export function mark(pen, name, x, y, size) {
  pen.beginPath();
  if (name === "impsy") {
    const reach = size * 1.25;
    pen.moveTo(x, y - reach);
    pen.lineTo(x + reach, y);
    pen.lineTo(x, y + reach);
    pen.lineTo(x - reach, y);
    pen.closePath();
  } else pen.arc(x, y, name === "guest" ? size * 0.85 : size, 0, 2 * Math.PI);
  if (name === "guest") {
    pen.lineWidth = Math.max(1.5, size * 0.35);
    pen.strokeStyle = colourOf(name);
    pen.stroke();
  } else {
    pen.fillStyle = colourOf(name);
    pen.fill();
  }
}

/** Fit a canvas to its element, in device pixels; its pen then draws in CSS pixels. */
export function fit(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = Math.min(3, devicePixelRatio || 1);
  const [columns, rows] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns;
    canvas.height = rows;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}
