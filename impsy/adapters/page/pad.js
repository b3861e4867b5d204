/**
 * The pad: two controls under one finger. x is pitch, drawn as the scale's notes; y is brightness.
 *
 * With several fingers the last one rules; when it lifts, the one before it that still touches rules again, as keys do
 * on a monophonic synthesizer (so trills work). Arrow keys play too.
 */

import { follow } from "./fingers.js";
import { colourOf, fit, mark, stillness, theme } from "./theme.js";
import { PAD_SPAN, lean, notes } from "./tuning.js";

const INSET = 18; // pixels: the corners can be reached, and the cursor seen there
const TRAIL = 900; // milliseconds
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Pad {
  held = new Set(); // controls under a finger: all or none
  #fingers = new Map(); // id: [x, y], in the order of touching
  #keys = new Set();

  /** Draws `players`; plays on `touch`: {press(changes), move(changes), release(controls)}. */
  constructor(element, players, touch) {
    Object.assign(this, { element, players, touch });
    element.className = "pad";
    element.innerHTML = `<canvas tabindex="0" role="slider" aria-roledescription="pad" aria-valuemin="0" aria-valuemax="100"
      aria-label="Pad. Arrow keys play: left and right pitch, up and down brightness; with Shift in larger steps."></canvas>`;
    this.canvas = element.firstChild;
    follow(this.canvas, {
      down: (id, event) => this.#down(id, this.#place(event)),
      moved: (id, event) => this.#moved(id, this.#place(event)),
      up: (id) => this.#up(id),
    });
    this.canvas.addEventListener("keydown", (event) => this.#keydown(event));
    this.canvas.addEventListener("keyup", ({ key }) => this.#keys.delete(key) && !this.#keys.size && this.#up("keys"));
    this.canvas.addEventListener("blur", () => this.#keys.size && (this.#keys.clear(), this.#up("keys")));
  }

  #place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const part = (at, size) => Math.min(1, Math.max(0, (at - INSET) / (size - 2 * INSET)));
    return [part(clientX - box.left, box.width), 1 - part(clientY - box.top, box.height)];
  }

  #down(id, place) {
    this.#fingers.set(id, place);
    this.held = new Set([0, 1]);
    this.touch.press([...place.entries()]);
  }

  #moved(id, place) {
    this.#fingers.set(id, place);
    if (id === this.#ruler) this.touch.move([...place.entries()]);
  }

  #up(id) {
    const ruled = id === this.#ruler;
    this.#fingers.delete(id);
    if (!this.#fingers.size) {
      this.held = new Set();
      this.touch.release([0, 1]);
    } else if (ruled) this.touch.press([...this.#fingers.get(this.#ruler).entries()]);
  }

  get #ruler() {
    return [...this.#fingers.keys()].at(-1);
  }

  #keydown(event) {
    const direction = KEYS[event.key];
    if (!direction) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.1 : 0.02;
    const from = this.players.you.values;
    const place = direction.map((d, i) => Math.min(1, Math.max(0, from[i] + d * step)));
    const first = !this.#keys.size;
    this.#keys.add(event.key);
    if (first) this.#down("keys", place);
    else this.#moved("keys", place);
  }

  /** Draw; whether something still moves. */
  paint(now) {
    const { pen, width, height } = fit(this.canvas);
    const at = ([x, y]) => [INSET + x * (width - 2 * INSET), INSET + (1 - y) * (height - 2 * INSET)];
    const shown = ["guest", "you", "impsy"].map((name) => this.players[name]);
    this.#paintNotes(pen, at, height, shown, now);
    for (const player of shown) if (player.played) this.#paintPlayer(pen, at, player, now);
    this.#tell();
    return shown.some((player) => now - player.at < 4000);
  }

  #paintNotes(pen, at, height, players, now) {
    for (const note of notes(PAD_SPAN)) {
      const [x] = at([note / PAD_SPAN, 0]);
      pen.lineWidth = note % 12 ? 1 : 1.6;
      pen.strokeStyle = theme().line;
      line(pen, x, 0, x, height);
      for (const player of players) {
        const near = Math.max(0, 1 - Math.abs(lean(player.values[0] * PAD_SPAN) - note) / 0.8) * player.glow(now);
        if (near < 0.02) continue;
        pen.globalAlpha = near * 0.75;
        pen.strokeStyle = colourOf(player.name);
        line(pen, x, 0, x, height);
        pen.globalAlpha = 1;
      }
    }
  }

  #paintPlayer(pen, at, player, now) {
    const [x, y] = at(player.values);
    const glow = player.glow(now);
    const size = Math.min(17, 9 + pen.canvas.clientWidth / 90);
    if (!stillness()) paintTrail(pen, at, player, now, size);
    const halo = pen.createRadialGradient(x, y, 0, x, y, size * (2.2 + 3 * player.values[1]));
    halo.addColorStop(0, colourOf(player.name));
    halo.addColorStop(1, `${colourOf(player.name)}00`); // not "transparent", which is a clear black
    pen.globalAlpha = 0.5 * glow;
    pen.fillStyle = halo;
    pen.beginPath();
    pen.arc(x, y, size * 6, 0, 2 * Math.PI);
    pen.fill();
    pen.globalAlpha = 0.35 + 0.65 * glow;
    mark(pen, player.name, x, y, size * (0.8 + 0.2 * glow));
    pen.globalAlpha = 1;
    if (player.name !== "you") label(pen, player.name === "guest" ? "another player" : "impsy", x, y, size, 0.3 + 0.7 * glow);
  }

  #tell() {
    const [x, y] = this.players.you.values.map((value) => Math.round(value * 100));
    this.canvas.setAttribute("aria-valuenow", x);
    this.canvas.setAttribute("aria-valuetext", `pitch ${x} %, brightness ${y} %`);
  }
}

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

/** The way the cursor came: a ribbon for people, a row of diamonds for impsy. */
function paintTrail(pen, at, player, now, size) {
  const points = player.trail.filter((point) => now - point.at < TRAIL);
  const places = points.map(({ values }) => at(values));
  let spaced = null;
  points.forEach((point, i) => {
    const fresh = 1 - (now - point.at) / TRAIL;
    const [x, y] = places[i];
    pen.globalAlpha = 0.55 * fresh * fresh;
    if (player.name === "impsy") {
      if (spaced && Math.hypot(x - spaced[0], y - spaced[1]) < 14) return;
      spaced = [x, y];
      mark(pen, "impsy", x, y, 2 + 4 * fresh);
    } else if (i) {
      pen.strokeStyle = colourOf(player.name);
      pen.lineWidth = player.name === "guest" ? 2 : 2 + size * fresh;
      pen.beginPath(); // from middle to middle, bent at the point between: a smooth ribbon without seams
      pen.moveTo(...middle(places[i - 1], places[i]));
      pen.quadraticCurveTo(x, y, ...middle(places[i], places[i + 1] ?? places[i]));
      pen.stroke();
    }
  });
  pen.globalAlpha = 1;
}

const middle = ([x0, y0], [x1, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2];

function label(pen, words, x, y, size, alpha) {
  pen.font = `600 ${Math.round(Math.max(12, size * 0.9))}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.globalAlpha = alpha;
  pen.fillStyle = theme().ink;
  const half = pen.measureText(words).width / 2 + 4;
  const inside = Math.min(pen.canvas.clientWidth - half, Math.max(half, x));
  pen.fillText(words, inside, y > size * 4 ? y - size * 1.7 : y + size * 2.5);
  pen.globalAlpha = 1;
}
