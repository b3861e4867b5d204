/** What the server last said about itself; the page shows this and nothing it merely hopes for. */

const number = (value) => typeof value === "number" && Number.isFinite(value);
const text = (value) => typeof value === "string";
const KEYS = {
  mode: text, sigmatemp: number, pitemp: number, timescale: number, threshold: number,
  pause: (value) => number(value) || typeof value === "boolean",
  turn: text, dimension: (value) => Number.isInteger(value) && value >= 2, model: text,
};
const PREFIX = "/impsy/";

export class State {
  values = {};

  /** Take a message in; the key that it set, or null where it is not a (well-formed) word about the state. */
  hear({ address, values }) {
    const key = address.startsWith(PREFIX) ? address.slice(PREFIX.length) : "";
    if (!Object.hasOwn(KEYS, key) || values.length !== 1 || !KEYS[key](values[0])) return null;
    this.values[key] = key === "pause" ? Boolean(values[0]) : values[0];
    return key;
  }

  /** How many controls there are; 0 while unknown. */
  get controls() {
    return (this.values.dimension ?? 1) - 1;
  }
}
