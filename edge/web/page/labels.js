// Where the labels of faces go, so that none covers eyes or another label. Pure: boxes and sizes in, places out.
const GAP = 3;
// How much a label may say, and whether it may lie on another face (never on its eyes): the first that fits is taken.
const TRIES = [[0, true], [1, true], [2, true], [3, true], [2, false], [3, false]];
const TURNS = 6; // orders of the faces that are tried until each has a place
const SPOTS = [
  // Above, below and beside the box, at either end; at last on its own chin.
  ([l, t], w, h) => [l, t - h - GAP],
  ([, t, r], w, h) => [r - w, t - h - GAP],
  ([l, t, r], w, h) => [(l + r - w) / 2, t - h - GAP],
  ([l, , , b]) => [l, b + GAP],
  ([, , r, b], w) => [r - w, b + GAP],
  ([l, , r, b], w) => [(l + r - w) / 2, b + GAP],
  ([, , r, b], w, h) => [r + GAP, b - h],
  ([l, , , b], w, h) => [l - w - GAP, b - h],
  ([, t, r]) => [r + GAP, t],
  ([l, t], w) => [l - w - GAP, t],
  ([l, , r, b], w, h) => [(l + r - w) / 2, b - h - GAP],
];

const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
// The part of a face that has its eyes, as rows of the box.
const eyes = ([l, t, r, b]) => [l, t + 0.2 * (b - t), r, t + 0.55 * (b - t)];

// boxes: [left, top, right, bottom]; texts: for each, from the longest to a number; measure: width of a text;
// before: for each, [try, spot] of the last time or nothing, kept where it still fits so that labels do not jump;
// faces: the boxes of the faces themselves, where something larger is drawn around them.
export function place(boxes, texts, width, height, measure, high, before = [], faces = boxes) {
  // Whoever found no place comes first in the next turn.
  let best = null, order = [...boxes.keys()];
  for (let turn = 0; turn < TURNS; turn++) {
    const found = placeInOrder(order, boxes, texts, width, height, measure, high, turn ? [] : before, faces.map(eyes));
    const without = order.filter(n => !found[n].at);
    if (!best || without.length < best.without) best = { found, without: without.length };
    if (!without.length) break;
    order = [...without, ...order.filter(n => found[n].at)];
  }
  return best.found;
}

function placeInOrder(order, boxes, texts, width, height, measure, high, before, zones) {
  const placed = [];
  const fits = (n, [level, strict], spot) => {
    const text = texts[n][Math.min(level, texts[n].length - 1)], w = measure(text);
    const [x, y] = spot(boxes[n], w, high), area = [x, y, x + w, y + high];
    if (x < 0 || y < 0 || area[2] > width || area[3] > height) return null;
    if (placed.some(other => meet(other.area, area)) || zones.some(zone => meet(zone, area))) return null;
    if (strict && boxes.some((box, m) => m !== n && meet(box, area))) return null;
    return { text, area };
  };
  const found = boxes.map(() => null);
  const take = (n, row, spot) => {
    const fit = fits(n, TRIES[row], SPOTS[spot]);
    if (fit) placed.push(found[n] = { ...fit, at: [row, spot] });
    return fit;
  };
  for (const [n, at] of before.entries()) if (at && n < boxes.length) take(n, ...at);
  // A label that was cut short may grow again where there is room now.
  for (const n of order) {
    const now = found[n];
    if (now?.at[0] === 0) continue;
    if (now) placed.splice(placed.indexOf(now), 1);
    found[n] = null;
    let fit = null;
    for (let row = 0; row < (now ? now.at[0] : TRIES.length) && !fit; row++)
      for (let spot = 0; spot < SPOTS.length && !fit; spot++) fit = take(n, row, spot);
    if (!fit && now) placed.push(found[n] = now);
    if (!fit && !now) placed.push(found[n] = forced(boxes[n], texts[n].at(-1), width, height, measure, high));
  }
  return found;
}

// Where nothing fits at all: the number, on the chin.
function forced([l, , r, b], text, width, height, measure, high) {
  const w = measure(text), x = Math.max(0, Math.min((l + r - w) / 2, width - w)), y = Math.max(0, Math.min(b - high, height - high));
  return { text, area: [x, y, x + w, y + high], at: null };
}
