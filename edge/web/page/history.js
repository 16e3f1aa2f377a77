// History: a day's timeline and an overview, from the journal.
import { get } from "./api.js";
import { dwell, heat, shares, timeline, tiles, visits } from "./charts.js";
import { at, csv, save, say } from "./dom.js";

const READING = "Reading the journal...";
let day = null, overview = null, turn = 0;
// Noon of a day in UTC, so that adding days never meets a clock change.
const dayAfter = (text, by) => { const date = new Date(`${text}T12:00:00Z`); date.setUTCDate(date.getUTCDate() + by); return date.toISOString().slice(0, 10); };
const today = () => overview.days.at(-1).day;
const visited = () => overview.days.some(({ visits }) => visits);

const note = () => overview.dwell.visits || visited() ? "" : "No visits in this period. The journal fills while the camera is on.";

export async function open() {
  say(at("history-said"), READING);
  const ok = await loadDays();
  at("history-body").hidden = !ok;
  if (ok) await loadDay();
}

async function loadDays() {
  // A long journal takes a while; until then, the figures are those of the period before.
  const slow = setTimeout(() => say(at("history-said"), READING), 500);
  try {
    overview = await get(`api/history?days=${at("days").value}`);
  } catch (error) {
    say(at("history-said"), error.message, true);
    return false;
  } finally {
    clearTimeout(slow);
  }
  say(at("history-said"), note());
  at("history-body").hidden = false;
  if (!at("day").value) at("day").value = today();
  draw();
  return true;
}

function draw() {
  tiles(at("tiles"), overview);
  visits(at("visits"), overview.days, picked => { at("day").value = picked; loadDay(); });
  heat(at("heat"), overview.hours);
  shares(at("shares"), overview.shares);
  dwell(at("dwell"), overview.dwell);
  at("zone").textContent = `Times are in the machine's time zone (${overview.zone}).`;
}

async function loadDay() {
  const mine = ++turn;
  try {
    const told = await get(`api/history/day?day=${at("day").value}`);
    if (mine !== turn) return;
    day = told;
    say(at("history-said"), note());
    timeline(at("timeline"), at("legend"), day, visited());
  } catch (error) {
    if (mine !== turn) return;
    say(at("history-said"), error.message, true);
    day = null; // what is shown would be another day's
    at("timeline").replaceChildren();
    at("legend").replaceChildren();
  }
}

function step(by) {
  at("day").value = dayAfter(at("day").value || today(), by);
  loadDay();
}

let waiting = 0;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (!overview || at("history").hidden) return;
    draw();
    if (day) timeline(at("timeline"), at("legend"), day, visited());
  }, 150);
});
// While a year is typed, the field holds years such as 0002.
at("day").addEventListener("change", () => at("day").value && at("day").validity.valid && loadDay());
at("days").addEventListener("change", loadDays);
at("before").addEventListener("click", () => step(-1));
at("after").addEventListener("click", () => step(1));
at("day-csv").addEventListener("click", () => day && save(`edge-emotion-${at("day").value}.csv`, csv([
  ["start", "seconds", "visit", "mask", "emotion"],
  ...day.spans.map(([start, seconds, visit, masked, label]) => [new Date(start * 1000).toISOString(), seconds, visit + 1, masked ? "mask" : "no mask", label]),
]), "text/csv"));
at("days-csv").addEventListener("click", () => overview && save("edge-emotion-days.csv", csv([
  ["day", "visits", "seconds"], ...overview.days.map(({ day, visits, seconds }) => [day, visits, seconds]),
]), "text/csv"));
