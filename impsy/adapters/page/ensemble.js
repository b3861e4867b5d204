/**
 * Who sings what: from control values to voices.
 *
 * On a pad one voice per player: x is pitch, y is brightness and level. On faders each control is a string of its own
 * register, its value the pitch within that register; the scale makes a chord of whatever they do. A hand sustains what
 * it touches; what comes from elsewhere is struck and fades by itself.
 */

import { Desk } from "./desk.js";
import { PAD_SPAN, hertz, lean } from "./tuning.js";
import { Glass, Reed } from "./voices.js";

const STRING_SPAN = 19; // semitones over the height of a fader
const MOST_STRINGS = 8; // voices per player; more controls share them
const PACE = 8; // milliseconds between strokes of a player; a model may play a thousand times a second
const RING = { you: 0.1, guest: 0.22, impsy: 0.38 }; // seconds: time constants of fading
const PAN = { you: -0.22, guest: 0.05, impsy: 0.3 };

export class Ensemble {
  desk = null;
  muted = false;
  #count = 0;
  #voices = {};
  #waiting = {}; // by player, while its last stroke is younger than PACE: the controls that moved since

  /** How many controls there are. */
  set count(count) {
    this.silence();
    this.#count = count;
    this.#voices = {};
  }

  /** Make sound possible: from within a touch or a key press. */
  wake() {
    if (!this.desk) {
      this.desk = new Desk();
      this.desk.setMuted(this.muted);
    }
    this.desk.wake();
  }

  /** Sing `controls` of `values` until they are let go. */
  hold(name, values, controls) {
    this.#each(name, controls, (voice, control) => voice.sing(...this.#note(values, control)));
  }

  /** Let go of `controls`. */
  release(name, controls) {
    this.#each(name, controls, (voice) => voice.rest(RING[name]));
  }

  /** Sing `controls` of `values` for a moment; of a flood of strokes those that can be told apart are heard. */
  strike(name, values, controls) {
    if (this.desk?.context.state !== "running") return; // strokes would pile up at the moment the clock stands at
    const waiting = this.#waiting[name];
    if (waiting) {
      controls.forEach((control) => waiting.controls.add(control));
      waiting.values = values;
    } else this.#strikeNow(name, values, controls);
  }

  /** Panic: nothing sounds, nothing rings on. */
  silence() {
    this.#waiting = {};
    Object.values(this.#voices).flat().forEach((voice) => voice.rest(0.02));
    this.desk?.hush();
  }

  setMuted(muted) {
    this.muted = muted;
    this.desk?.setMuted(muted);
  }

  #strikeNow(name, values, controls) {
    this.#each(name, controls, (voice, control) => {
      voice.sing(...this.#note(values, control));
      voice.rest(RING[name], 0.09);
    });
    const waiting = (this.#waiting[name] = { values, controls: new Set() });
    setTimeout(() => {
      if (this.#waiting[name] !== waiting) return; // silenced meanwhile
      delete this.#waiting[name];
      if (waiting.controls.size) this.#strikeNow(name, waiting.values, [...waiting.controls]);
    }, PACE);
  }

  #each(name, controls, act) {
    if (!this.desk || !this.#count) return;
    const strings = this.#strings;
    const voices = (this.#voices[name] ??= Array.from({ length: strings }, (_, i) => this.#voice(name, i)));
    for (const control of this.#count === 2 ? [0] : controls) act(voices[control % strings], control);
  }

  get #strings() {
    return this.#count === 2 ? 1 : Math.min(this.#count, MOST_STRINGS);
  }

  #voice(name, string) {
    const spread = this.#strings > 1 ? (string / (this.#strings - 1) - 0.5) * 0.7 : 0;
    const Timbre = name === "impsy" ? Glass : Reed;
    return new Timbre(this.desk.context, this.desk.input, PAN[name] + spread);
  }

  /** [hertz, brightness, level] */
  #note(values, control) {
    if (this.#count === 2) return [hertz(lean(values[0] * PAD_SPAN)), values[1], 0.6 + 0.3 * values[1]];
    const register = this.#count === 1 ? 0 : (24 * control) / (this.#count - 1);
    const span = this.#count === 1 ? PAD_SPAN : STRING_SPAN;
    const value = values[control];
    return [hertz(lean(register + value * span)), 0.15 + 0.6 * value, 0.75 / Math.sqrt(this.#strings)];
  }
}
