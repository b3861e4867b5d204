/** Who plays, and what of it is worth drawing: the present values, and how the cursor got there. */

const TRAIL = 1000; // milliseconds of path kept behind a cursor

export class Player {
  /** `name` is "you", "guest" (another performer) or "impsy". */
  constructor(name, count) {
    Object.assign(this, { name, values: new Float32Array(count).fill(0.5), at: -Infinity, trail: [], held: false });
  }

  /** Take new values in; the controls that they change. */
  play(values, at) {
    const changed = [];
    values.forEach((value, i) => (this.at === -Infinity || Math.abs(value - this.values[i]) > 1e-4) && changed.push(i));
    this.values = Float32Array.from(values);
    this.at = at;
    this.trail.push({ at, values: this.values });
    while (this.trail[0].at < at - TRAIL) this.trail.shift();
    return changed;
  }

  /** How alive the cursor looks: 1 while playing, towards 0 in the seconds after. */
  glow(now) {
    return this.held ? 1 : Math.exp(-(now - this.at) / 600);
  }

  get played() {
    return this.at > -Infinity;
  }
}
