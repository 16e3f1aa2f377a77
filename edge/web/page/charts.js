// Charts of the history: plain SVG, each with words for those who do not see it.
import { add, at, draw } from "./dom.js";
import { clock as clockOf, count, duration, grouped, labelClass, labelWord, ordered, percent } from "./words.js";

const WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
// One unit is one pixel of the page, so that letters have their size on a phone, too.
const widthOf = parent => Math.max(260, parent.clientWidth);

// The room for the numbers of an axis.
const leftOf = most => Math.max(36, 8 + 8 * grouped(most).length);

function chart(parent, width, height, words) {
  parent.replaceChildren();
  const svg = draw(parent, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
  return svg;
}

function hint(element, text) {
  const tip = at("tip");
  element.addEventListener("pointermove", event => {
    tip.textContent = text;
    tip.hidden = false;
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
  });
  element.addEventListener("pointerleave", () => { tip.hidden = true; });
}

const empty = (parent, text = "Nothing in this period.") => { parent.replaceChildren(); add(parent, "p", text, "soft"); };
const STEPS_S = [5, 15, 60, 300, 900, 1800, 3600, 7200, 10800];

export function tiles(parent, { days, dwell }) {
  parent.replaceChildren();
  const all = days.reduce((sum, { visits }) => sum + visits, 0);
  const busiest = days.reduce((best, day) => day.visits > best.visits ? day : best, { visits: 0, day: "" });
  // Days count from the first to the last with a visit, as in edge-emotion log report.
  const some = days.map(({ visits, seconds }) => visits > 0 || seconds > 0), open = Math.max(1, some.lastIndexOf(true) - some.indexOf(true) + 1);
  const facts = [[grouped(all), "visits"], [(all / open).toFixed(1), "visits per day"], [duration(dwell.median), "median visit"],
    [duration(dwell.mean), "mean visit"], [busiest.visits ? grouped(busiest.visits) : "-", busiest.day ? `most in a day, ${busiest.day}` : "most in a day"]];
  for (const [value, word] of facts) {
    const tile = add(parent, "div", undefined, "card");
    add(tile, "b", String(value));
    add(tile, "span", word, "soft small");
  }
}

export function visits(parent, days, pick) {
  const most = Math.max(...days.map(({ visits }) => visits));
  if (!most) return empty(parent);
  const wide = widthOf(parent), high = 180, left = leftOf(most), base = high - 22, step = (wide - left) / days.length;
  const svg = chart(parent, wide, high, `Visits per day; at most ${grouped(most)}`);
  scale(svg, most, left, base, wide);
  days.forEach(({ day, visits, seconds }, n) => {
    const tall = (base - 10) * visits / most, x = left + n * step;
    draw(svg, "rect", { class: "fill", x: x + step * .12, y: base - tall, width: Math.max(1, step * .76), height: tall, rx: Math.min(3, step * .2) });
    const hit = draw(svg, "rect", { class: "hit", x, y: 0, width: step, height: base });
    hint(hit, `${day}: ${count(visits, "visit")}, ${duration(seconds)} in sight`);
    hit.addEventListener("click", () => pick(day));
    if (n % Math.ceil(days.length * 52 / (wide - left)) === 0 && x + 34 <= wide) draw(svg, "text", { x, y: high - 5 }, day.slice(5));
  });
}

function scale(svg, most, left, base, wide) {
  draw(svg, "line", { class: "axis", x1: left, x2: wide, y1: base, y2: base });
  draw(svg, "line", { class: "axis", x1: left, x2: wide, y1: 10, y2: 10 });
  draw(svg, "text", { x: left - 6, y: 14, "text-anchor": "end" }, grouped(most));
  draw(svg, "text", { x: left - 6, y: base + 4, "text-anchor": "end" }, "0");
}

export function heat(parent, hours) {
  const most = Math.max(...hours.flat());
  if (!most) return empty(parent);
  const wide = widthOf(parent), left = 36, cell = (wide - left) / 24, high = 7 * 22 + 20;
  const svg = chart(parent, wide, high, `Visits by weekday and hour; at most ${grouped(most)} in an hour of the week`);
  hours.forEach((row, day) => {
    draw(svg, "text", { x: left - 6, y: day * 22 + 15, "text-anchor": "end" }, WEEK[day]);
    row.forEach((visits, hour) => {
      const box = draw(svg, "rect", { x: left + hour * cell + 1, y: day * 22 + 1, width: cell - 2, height: 20, rx: 3 });
      box.style.fill = visits ? `rgba(var(--heat), ${(.15 + .85 * visits / most).toFixed(3)})` : "var(--trough)";
      hint(box, `${WEEK[day]} ${hour}:00-${hour + 1}:00: ${count(visits, "visit")}`);
    });
  });
  for (let hour = 0; hour < 24; hour += wide > 450 ? 3 : 6) draw(svg, "text", { x: left + hour * cell + 1, y: high - 4 }, `${hour}:00`);
}

export function shares(parent, told) {
  parent.replaceChildren();
  const totals = Object.fromEntries(Object.entries(told).map(([mask, by]) => [mask, Object.values(by).reduce((a, b) => a + b, 0)]));
  if (!totals.bare && !totals.masked) return empty(parent);
  for (const [mask, word] of [["bare", "no mask"], ["masked", "mask"]]) {
    add(parent, "p", `${word}: ${duration(totals[mask])} in sight`, "small");
    const stack = add(parent, "div", undefined, "stack");
    stack.setAttribute("aria-hidden", "true");
    for (const label of ordered(Object.keys(told[mask]))) {
      if (!told[mask][label]) continue;
      const part = add(stack, "i", undefined, labelClass(label));
      part.style.flexGrow = told[mask][label];
      hint(part, `${labelWord(label)}, ${word}: ${percent(told[mask][label] / totals[mask])} (${duration(told[mask][label])})`);
    }
  }
  const table = add(parent, "table"), head = add(add(table, "thead"), "tr"), body = add(table, "tbody");
  ["emotion", "no mask", "mask"].forEach(word => { add(head, "th", word).scope = "col"; });
  for (const label of ordered([...Object.keys(told.bare), ...Object.keys(told.masked)])) {
    if (!told.bare[label] && !told.masked[label]) continue;
    const row = add(body, "tr"), name = add(row, "th", undefined, "key");
    name.scope = "row";
    add(name, "span", labelWord(label), labelClass(label));
    for (const mask of ["bare", "masked"]) add(row, "td", told[mask][label] ? percent(told[mask][label] / totals[mask]) : "-");
  }
}

export function dwell(parent, { visits, classes, median }) {
  if (!visits) return empty(parent);
  const most = Math.max(...classes.map(({ visits }) => visits)), wide = widthOf(parent), high = 180, left = leftOf(most), base = high - 22, step = (wide - left) / classes.length;
  const svg = chart(parent, wide, high, `How long visits last; the median is ${duration(median)}`);
  scale(svg, most, left, base, wide);
  let from = 0;
  classes.forEach(({ below, visits }, n) => {
    const words = below === null ? `> ${short(from)}` : from ? range(from, below) : `< ${short(below)}`, tall = (base - 10) * visits / most, x = left + n * step;
    draw(svg, "rect", { class: "fill", x: x + step * .1, y: base - tall, width: step * .8, height: tall, rx: 3 });
    hint(draw(svg, "rect", { class: "hit", x, y: 0, width: step, height: base }), `${words}: ${count(visits, "visit")}`);
    if (step > 34 || n % 2 === 0) draw(svg, "text", { x: x + step / 2, y: high - 5, "text-anchor": "middle" }, step > 60 ? words : below === null ? "more" : `${n ? "" : "< "}${short(below)}`);
    from = below;
  });
}

const range = (from, below) => below <= 60 || from < 60 ? `${from}-${below} s` : `${from / 60}-${below / 60} min`;
const short = seconds => seconds < 60 ? `${seconds} s` : `${seconds / 60} min`;

export function timeline(parent, legend, { spans, notes, complete, from, to, offsets }, others = false) {
  legend.replaceChildren();
  const clock = (time, fine) => clockOf(time, offsets, fine);
  if (!spans.length) return empty(parent, `Nobody was in sight on this day.${others ? " Click a day in \u201cVisits per day\u201d to see who was." : ""}`);
  let begin = Math.max(from, Math.min(...spans.map(([start]) => start)));
  let end = Math.min(to, Math.max(...spans.map(([start, seconds]) => start + seconds)));
  const rest = Math.max(0, 20 - (end - begin)) / 2 + (end - begin) * .01;
  [begin, end] = [Math.max(from, begin - rest), Math.min(to, end + rest)];
  const wide = widthOf(parent), x = time => (time - begin) / (end - begin) * wide;
  const lanes = packed(spans), rows = Math.max(1, ...lanes.values()) + 1, tall = Math.max(5, Math.min(26, 220 / rows));
  const high = rows * tall + 24;
  const svg = chart(parent, wide, high, `${count(lanes.size, "visit")} from ${clock(begin)} to ${clock(end)}`);
  draw(svg, "line", { class: "axis", x1: 0, x2: wide, y1: high - 20, y2: high - 20 });
  const step = STEPS_S.find(each => (end - begin) / each * 80 <= wide) ?? 21600;
  for (let time = Math.ceil((begin - from) / step) * step + from; time < end; time += step) {
    draw(svg, "line", { class: "axis", x1: x(time), x2: x(time), y1: 0, y2: high - 16 });
    if (x(time) + 58 <= wide) draw(svg, "text", { x: x(time) + 3, y: high - 4 }, clock(time, step < 60));
  }
  for (const [start, seconds, visit, masked, label] of spans) {
    const place = { x: x(start).toFixed(2), width: Math.max(2, x(start + seconds) - x(start)).toFixed(2) }, y = lanes.get(visit) * tall;
    const bar = draw(svg, "rect", { class: `fill ${labelClass(label)}`, y: y + 1, height: tall - (masked && tall > 10 ? 7 : 2), ...place });
    hint(bar, `${clock(start, true)}, ${duration(seconds)}\n${labelWord(label)}, ${masked ? "mask" : "no mask"}`);
    if (masked) draw(svg, "rect", { class: "maskline", y: y + tall - 3, height: 2, ...place });
  }
  for (const [time, what] of notes) {
    const mark = draw(svg, "line", { x1: x(time), x2: x(time), y1: 0, y2: high - 20, stroke: "currentColor", "stroke-dasharray": "2 3", "stroke-width": 2 });
    hint(mark, `${clock(time, true)}: ${what.replace("-", " ")}`);
  }
  for (const label of ordered(spans.map(span => span[4]))) add(legend, "span", labelWord(label), labelClass(label));
  if (spans.some(span => span[3])) add(legend, "span", "with a mask", "mask-key");
  if (!complete) add(parent, "p", "A very busy day: only its busiest part fits here.", "soft small");
}

// A lane for each visit, so that no two that overlap share one.
function packed(spans) {
  const visits = new Map();
  for (const [start, seconds, visit] of spans) {
    const [first, last] = visits.get(visit) ?? [start, start];
    visits.set(visit, [Math.min(first, start), Math.max(last, start + seconds)]);
  }
  const ends = [], lanes = new Map();
  for (const [visit, [first, last]] of [...visits].sort((a, b) => a[1][0] - b[1][0])) {
    let lane = ends.findIndex(end => end <= first);
    if (lane < 0) lane = ends.length;
    ends[lane] = last;
    lanes.set(visit, lane);
  }
  return lanes;
}
