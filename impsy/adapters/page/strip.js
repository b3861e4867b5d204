/**
 * The last twelve seconds of what all played, as a score: time goes to the left, a mark is as high as its value.
 *
 * On a pad the height is the pitch and the size of the mark the brightness; with faders every control is a line.
 * People's lines are whole and marked with discs (others' with rings), impsy's are dashed and marked with diamonds.
 * Where little motion is asked for, the picture stands still and the present sweeps across it.
 */

import { colourOf, fit, mark, stillness, theme } from "./theme.js";

export const SECONDS = 12;
const FINEST = 40; // milliseconds between points kept
const BREAK = 450; // milliseconds of rest that end a line
const apart = (controls) => (controls <= 4 ? 11 : controls <= 8 ? 17 : 30); // pixels between the marks of one line
const EDGE = 9; // pixels above and below

export class Strip {
  #points = { guest: [], you: [], impsy: [] }; // {at, values, controls}
  #painted = 0;

  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Set the number of controls, and begin with an empty strip. */
  begin(count) {
    this.count = count;
    Object.values(this.#points).forEach((points) => (points.length = 0));
  }

  /** `name` played `values`; `controls` are those that matter (changed or touched). */
  add(name, at, values, controls) {
    const points = this.#points[name];
    const last = points.at(-1);
    const lines = this.count === 2 ? [0] : controls;
    if (last && at - last.at < FINEST) Object.assign(last, { values, controls: new Set([...last.controls, ...lines]) });
    else points.push({ at, values, controls: new Set(lines) });
    while (points.length && points[0].at < at - (SECONDS + 1) * 1000) points.shift();
  }

  /** How many moments of `name` the strip shows. */
  shown(name, now = performance.now()) {
    return this.#points[name].filter(({ at }) => now - at < SECONDS * 1000).length;
  }

  /** Draw; whether something is still on its way across. */
  paint(now) {
    const moving = Object.values(this.#points).some((points) => points.length && now - points.at(-1).at < (SECONDS + 0.5) * 1000);
    const pace = this.count > 4 || stillness() ? 50 : 0; // milliseconds: many lines cost a phone too much at 60 Hz
    if (moving && now - this.#painted < pace) return true;
    this.#painted = now;
    const { pen, width, height } = fit(this.canvas);
    const x = stillness()
      ? (at) => (((at / 1000) % SECONDS) / SECONDS) * width
      : (at) => width - EDGE - ((now - at) / 1000 / SECONDS) * width;
    paintSeconds(pen, now, x, width, height);
    for (const [name, points] of Object.entries(this.#points)) {
      const recent = points.filter(({ at }) => now - at < (SECONDS - (stillness() ? 0.4 : 0)) * 1000);
      for (let control = 0; control < (this.count === 2 ? 1 : this.count); control++) {
        this.#paintLine(pen, name, recent.filter(({ controls }) => controls.has(control)), control, x, height);
      }
    }
    return moving;
  }

  #paintLine(pen, name, points, control, x, height) {
    const y = (values) => EDGE + (1 - values[control]) * (height - 2 * EDGE);
    const scale = Math.max(1, height / 80);
    const base = scale * (this.count === 2 ? 2 : this.count > 8 ? 1.6 : 2.4);
    pen.strokeStyle = colourOf(name);
    pen.globalAlpha = this.count > 8 ? 0.45 : 0.7;
    pen.lineWidth = this.count > 4 ? 1 : 1.6 * scale;
    pen.setLineDash(name === "impsy" ? [3, 3] : []);
    pen.beginPath();
    points.forEach(({ at, values }, i) => {
      const joined = i && at - points[i - 1].at < BREAK && x(at) >= x(points[i - 1].at);
      pen[joined ? "lineTo" : "moveTo"](x(at), y(values));
    });
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    let from = null;
    for (const { at, values } of points) {
      const here = [x(at), y(values)];
      if (from && Math.hypot(here[0] - from[0], here[1] - from[1]) < apart(this.count) * scale) continue;
      from = here;
      mark(pen, name, ...here, base + (this.count === 2 ? 2.4 * scale * values[1] : 0));
    }
  }
}

/** A fine line for each second. */
function paintSeconds(pen, now, x, width, height) {
  pen.fillStyle = theme().faint;
  const last = Math.floor(now / 1000);
  for (let second = last; second > last - SECONDS; second--) pen.fillRect(Math.round(x(second * 1000)), 0, 1, height);
  pen.globalAlpha = 0.5;
  pen.fillStyle = theme().ink;
  if (stillness()) pen.fillRect(Math.round(x(now)), 0, 1.5, height);
  pen.globalAlpha = 1;
}
