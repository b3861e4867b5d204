/** Where the notes lie: a continuous pitch that leans towards a pentatonic scale, so that every gesture sings in tune. */

const SCALE = [0, 2, 4, 7, 9]; // major pentatonic: any two of its notes sound well together
const LEAN = 3; // 1 is a plain glide, more holds longer at each note
export const PAD_SPAN = 36; // semitones over the width of the pad
const LOWEST = 130.81; // Hz, C3: small loudspeakers carry it

/** The semitones of the scale from 0 to `span`. */
export function notes(span) {
  const all = [];
  for (let octave = 0; octave * 12 <= span; octave++) all.push(...SCALE.map((step) => octave * 12 + step));
  return all.filter((note) => note <= span);
}

/** `semitones`, drawn towards the nearest note: flat around the notes, steep half-way between them, never a jump. */
export function lean(semitones) {
  const octave = Math.floor(semitones / 12) * 12;
  const within = semitones - octave;
  const upper = [...SCALE, 12].find((step) => step > within);
  const lower = SCALE.filter((step) => step <= within).at(-1);
  const half = (upper - lower) / 2;
  const offset = (within - lower - half) / half; // -1 at the lower note, 1 at the upper
  return octave + lower + half + half * Math.sign(offset) * (1 - (1 - Math.abs(offset)) ** LEAN);
}

/** Semitones above the lowest note, in Hz. */
export function hertz(semitones) {
  return LOWEST * 2 ** (semitones / 12);
}
