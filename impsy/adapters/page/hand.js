/**
 * What is played on this page: the vector of all controls, sent as `/interface`.
 *
 * A touch is sent at once, even where nothing changes by it; moves go out once per frame; the last position is never
 * lost; holding still sends nothing. The server tells every performer's gestures to every page, this one's too: what
 * comes back is known by its exact float32 values.
 */

const ECHO = 3000; // milliseconds within which our own gesture comes back

export class Hand {
  /** `count` controls; `send(values)` carries a Float32Array of that length away. */
  constructor(count, send) {
    this.values = new Float32Array(count).fill(0.5);
    this.send = send;
    this.sent = []; // what has not come back yet: {at, values}
    this.frame = 0;
  }

  /** A finger comes down and sets `changes`, pairs of [control, value]. */
  press(changes) {
    this.#set(changes);
    this.flush(true);
  }

  /** A finger moves. */
  move(changes) {
    if (this.#set(changes)) this.frame ||= requestAnimationFrame(() => this.flush(true));
  }

  /** Send what still waits (or, `always`, what stands). */
  flush(always = this.frame !== 0) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!always) return;
    const values = this.values.slice();
    this.sent.push({ at: performance.now(), values });
    this.send(values);
  }

  /** Whether `values`, heard from the server, is a gesture of this page; other performers' values become ours too. */
  overhear(values, held) {
    const now = performance.now();
    this.sent = this.sent.filter(({ at }) => now - at < ECHO);
    const found = this.sent.findIndex(({ values: mine }) => mine.every((value, i) => value === values[i]));
    if (found >= 0) {
      this.sent.splice(0, found + 1);
      return true;
    }
    this.adopt(values, held);
    return false;
  }

  /** Take over where the controls stand, but for those that are held. */
  adopt(values, held) {
    values.forEach((value, i) => held.has(i) || (this.values[i] = value));
  }

  #set(changes) {
    let changed = false;
    for (const [control, value] of changes) {
      const exact = Math.fround(Math.min(1, Math.max(0, value)));
      changed ||= this.values[control] !== exact;
      this.values[control] = exact;
    }
    return changed;
  }
}
