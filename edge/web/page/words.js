// What the page says about a face, in one place.
export const EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
const UNTOLD = ["unsure", "too-small"];
// The labels among these in the order of the page: the emotions, others that a model of somebody's own tells apart, the rest.
export const ordered = labels => {
  const found = new Set(labels), known = [...EMOTIONS, ...UNTOLD];
  return [...EMOTIONS, ...[...found].filter(label => !known.includes(label)).sort(), ...UNTOLD].filter(label => found.has(label));
};
// The class that gives a label its colour.
export const labelClass = label => EMOTIONS.includes(label) || UNTOLD.includes(label) ? label : "other";
const MASKS = { none: "no mask", worn: "mask", incorrect: "mask not over nose and mouth" };

export const percent = share => `${Math.round(share * 100)} %`;
export const labelWord = label => label === "too-small" ? "too small" : label;
export const maskWord = face => MASKS[face.mask_state] ?? (face.worn ? "mask" : "no mask");
export const faceClass = face => face.emotion ? labelClass(face.emotion) : "unknown";
export const faceWord = face => face.emotion ?? labelWord(face.reason ?? "unsure");
export const faceShare = face => face.emotion && face.probabilities ? face.probabilities[face.emotion] : null;
export const grouped = n => n.toLocaleString("en"); // 1,234
export const count = (n, one, many = one + "s") => `${grouped(n)} ${n === 1 ? one : many}`;

export function faceLabel(face) {
  const share = faceShare(face);
  return share === null ? faceWord(face) : `${faceWord(face)} ${percent(share)}`;
}

// As edge-emotion log summary writes it.
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "-";
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds), [size, name, below, less] = whole >= 86400 ? [86400, "d", 3600, "h"] : whole >= 3600 ? [3600, "h", 60, "min"] : [60, "min", 1, "s"];
  return `${Math.floor(whole / size)} ${name} ${Math.floor(whole % size / below)} ${less}`;
}

const two = number => String(number).padStart(2, "0");

// Time of day on the machine, whose zone may be another than the browser's. offsets: rows [from when on, seconds].
export function clock(seconds, offsets, fine) {
  const [, offset] = offsets.findLast(([from]) => from <= seconds) ?? offsets[0];
  const time = new Date((seconds + offset) * 1000);
  return `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}${fine ? `:${two(time.getUTCSeconds())}` : ""}`;
}
