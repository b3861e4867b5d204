/**
 * OSC 1.0 packets, written small and read strictly.
 *
 * A packet is a message or a bundle of packets. `parse` answers with the messages inside, in order, or with null as
 * soon as anything about the packet is wrong: half a packet is never believed.
 */

const DEEPEST = 8; // bundles inside bundles
const BUNDLE = "#bundle";
const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true });

/** The bytes of one message; `tags` names the type of each value: i, f, d, s. */
export function message(address, tags = "", values = []) {
  const chunks = [text(address), text("," + tags), ...[...tags].map((tag, i) => argument(tag, values[i]))];
  const packet = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    packet.set(chunk, at);
    at += chunk.length;
  }
  return packet;
}

/** The messages of a packet as `{address, tags, values}`, or null where it is not one. */
export function parse(buffer) {
  try {
    return [...packetAt(new DataView(buffer), 0, buffer.byteLength, 0)];
  } catch {
    return null; // Refused, a short read (RangeError) or bad UTF-8 (TypeError): not OSC, and that is all to know
  }
}

class Refused extends Error {}

function refuse(when) {
  if (when) throw new Refused();
}

function text(string) {
  const bytes = utf8.encode(string);
  const padded = new Uint8Array((bytes.length + 4) & ~3); // at least one zero ends a string
  padded.set(bytes);
  return padded;
}

function argument(tag, value) {
  if (tag === "s") return text(value);
  const view = new DataView(new ArrayBuffer(tag === "d" ? 8 : 4));
  if (tag === "i") view.setInt32(0, value);
  else if (tag === "f") view.setFloat32(0, value);
  else if (tag === "d") view.setFloat64(0, value);
  else throw new TypeError(`no such OSC type here: ${tag}`);
  return new Uint8Array(view.buffer);
}

function* packetAt(view, start, end, depth) {
  refuse(end - start < 4 || (end - start) % 4);
  if (view.getUint8(start) === 0x2f) yield messageAt(view, start, end); // "/"
  else yield* bundleAt(view, start, end, depth);
}

function* bundleAt(view, start, end, depth) {
  refuse(depth >= DEEPEST);
  const [head, after] = stringAt(view, start, end);
  refuse(head !== BUNDLE || after + 8 > end);
  for (let at = after + 8; at < end; ) { // 8 bytes of time tag: everything counts as now
    const size = view.getInt32(at);
    refuse(size < 0 || at + 4 + size > end);
    yield* packetAt(view, at + 4, at + 4 + size, depth + 1);
    at += 4 + size;
  }
}

function messageAt(view, start, end) {
  const [address, afterAddress] = stringAt(view, start, end);
  refuse(/[^\x01-\x7f]/.test(address));
  if (afterAddress === end) return { address, tags: "", values: [] }; // old senders leave out the tags of nothing
  const [typed, afterTags] = stringAt(view, afterAddress, end);
  refuse(typed[0] !== ",");
  const values = [];
  let at = afterTags;
  for (const tag of typed.slice(1)) {
    const [value, next] = valueAt(view, tag, at, end);
    values.push(value);
    at = next;
  }
  refuse(at !== end);
  return { address, tags: typed.slice(1), values };
}

function valueAt(view, tag, at, end) {
  switch (tag) {
    case "i": return [view.getInt32(at), at + 4];
    case "f": return [view.getFloat32(at), at + 4];
    case "d": return [view.getFloat64(at), at + 8];
    case "h": return [Number(view.getBigInt64(at)), at + 8];
    case "s": return stringAt(view, at, end);
    case "T": return [true, at];
    case "F": return [false, at];
    default: throw new Refused();
  }
}

function stringAt(view, start, end) {
  let stop = start;
  while (stop < end && view.getUint8(stop)) stop++;
  const after = start + ((stop - start + 4) & ~3);
  refuse(after > end);
  for (let at = stop; at < after; at++) refuse(view.getUint8(at));
  return [strict.decode(new Uint8Array(view.buffer, view.byteOffset + start, stop - start)), after];
}
