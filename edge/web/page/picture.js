// Try a picture: chosen, dropped, pasted, taken with the browser's camera, or the sample.
import { ApiError, call, get } from "./api.js";
import { annotated, drawBoxes } from "./boxes.js";
import { allBars, faceTop, meter, showFace, showNumber } from "./card.js";
import { add, at, save, say } from "./dom.js";
import { redrawn } from "./redraw.js";
import { count } from "./words.js";

const MOST = 16e6, TOO_LARGE = 413, UNKNOWN_KIND = 415; // bytes; statuses of HTTP
let turn = 0, shown = null, video = null, style = "box", label = () => {};

export function close() { cameraOff(); }

// What the machine says of a picture, and the picture that it is about: the file, or what the browser shows of it.
async function answered(file, name) {
  // A folder is a file that cannot be read, and so is one that was moved, or is in a cloud.
  await file.slice(0, 1).arrayBuffer().catch(() => { throw new ApiError("The browser cannot read this. Choose a picture file that is on this device, not a folder."); });
  try {
    if (file.size > MOST) throw new ApiError("The picture is too large; choose one of at most 16 MB.", TOO_LARGE);
    return { told: await ask(file, name), seen: file };
  } catch (error) {
    if (error.status !== TOO_LARGE && error.status !== UNKNOWN_KIND) throw error;
    return asDrawn(file, name, error);
  }
}

async function asDrawn(file, name, error = new ApiError("The browser cannot show this picture.")) {
  const seen = await redrawn(file);
  if (!seen) throw error;
  return { told: await ask(seen, name), seen };
}

async function ask(file, name) {
  const form = new FormData();
  form.append("image", file, name);
  return (await call("api/image", { method: "POST", body: form })).json();
}

function clear() {
  URL.revokeObjectURL(at("photo").src);
  at("photo").removeAttribute("src");
}

async function put(file) {
  clear();
  at("photo").src = URL.createObjectURL(file);
  await at("photo").decode().catch(() => null);
}

// Whether the machine turned the picture, as its EXIF says, and the browser did not: Chromium passes over that of WebP.
function turnedApart({ width, height }) {
  const { naturalWidth, naturalHeight } = at("photo");
  return width !== height && naturalWidth === height && naturalHeight === width;
}

async function look(blob, name, note = "") {
  const mine = ++turn;
  at("result").hidden = true;
  shown = null;
  clear();
  say(at("said"), "Looking...");
  try {
    let { told, seen } = await answered(blob, name);
    ({ style } = await get("api/status"));
    if (mine !== turn) return;
    await put(seen);
    if (turnedApart(told)) {
      ({ told, seen } = await asDrawn(blob, name));
      if (mine !== turn) return;
      await put(seen);
    }
    if (mine !== turn) return;
    shown = { told, name };
    show(told);
    say(at("said"), note + (told.faces.length ? "" : "No face found. Try a picture in which faces are larger or less turned away."));
  } catch (error) {
    if (mine === turn) say(at("said"), error.message, true);
  }
}

function show({ faces, width, height }) {
  at("result").hidden = false;
  at("shown").style.maxWidth = `calc(${window.innerWidth < 800 ? 42 : 75}vh * ${width / height})`;
  at("found").textContent = faces.length ? count(faces.length, "face") + (faces.length > 1 ? ", from left to right" : "") : "";
  at("faces").replaceChildren();
  at("photo-boxes").replaceChildren();
  const cards = [];
  for (const [n, face] of faces.entries()) {
    const card = add(at("faces"), "details");
    const summary = add(card, "summary");
    const parts = faceTop(summary);
    const bar = meter(summary), mask = add(summary, "span", "", "mask");
    showFace(card, { ...parts, bar, mask }, face);
    cards.push(parts);
    allBars(card, face);
    card.open = faces.length === 1;
    for (const [on, off] of [["pointerenter", "pointerleave"], ["focusin", "focusout"]]) {
      card.addEventListener(on, () => light(n, true));
      card.addEventListener(off, () => light(n, false));
    }
  }
  label = () => {
    const numbers = drawBoxes(at("photo-boxes"), faces, width, height, (_, n) => n, style);
    cards.forEach((parts, n) => showNumber(parts, numbers.get(String(n))));
  };
  label();
  for (const box of at("photo-boxes").children) {
    const n = Number(box.dataset.key);
    box.addEventListener("pointerenter", () => light(n, true));
    box.addEventListener("pointerleave", () => light(n, false));
    box.addEventListener("click", () => { at("faces").children[n].open = true; at("faces").children[n].scrollIntoView({ block: "nearest" }); });
  }
}

function light(n, on) {
  at("faces").children[n]?.classList.toggle("lit", on);
  for (const box of at("photo-boxes").children) if (box.dataset.key === String(n)) box.classList.toggle("lit", on);
}

async function cameraOn() {
  if (!navigator.mediaDevices?.getUserMedia) {
    return say(at("said"), "Browsers allow the camera only on https pages or on this same machine. Choose a picture instead; phones also offer their camera then.", true);
  }
  try {
    video = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, facingMode: "user" } });
  } catch (error) {
    const none = error.name === "NotFoundError";
    return say(at("said"), none ? "This device has no camera." : "The browser blocks the camera; allow it for this page in the browser's settings.", true);
  }
  say(at("said"), "");
  at("video").srcObject = video;
  at("camera-box").hidden = false;
  at("shoot").focus();
}

function cameraOff() {
  // The focus would be lost with the button that has it.
  if (at("camera-box").contains(document.activeElement)) at("camera").focus();
  video?.getTracks().forEach(track => track.stop());
  video = null;
  at("video").srcObject = null;
  at("camera-box").hidden = true;
}

function shoot() {
  const from = at("video"), canvas = document.createElement("canvas");
  if (!from.videoWidth) return;
  Object.assign(canvas, { width: from.videoWidth, height: from.videoHeight });
  canvas.getContext("2d").drawImage(from, 0, 0);
  cameraOff();
  canvas.toBlob(blob => look(blob, "camera.jpg"), "image/jpeg", 0.92);
}

// Of files that were dropped or pasted, the first.
function pick(files) {
  look(files[0], files[0].name, files.length > 1 ? `One picture at a time: this is the first of ${files.length}. ` : "");
}

at("file").addEventListener("change", () => { if (at("file").files.length) pick(at("file").files); at("file").value = ""; });
at("sample").addEventListener("click", async () => {
  try { look(await (await call("sample.jpg")).blob(), "sample.jpg"); } catch (error) { say(at("said"), error.message, true); }
});
at("camera").addEventListener("click", cameraOn);
at("camera-off").addEventListener("click", cameraOff);
at("shoot").addEventListener("click", shoot);
at("download").addEventListener("click", async () => {
  if (!shown) return;
  const { faces, width, height } = shown.told;
  save(shown.name.replace(/\.[^.]*$/, "") + "-annotated.jpg", await annotated(at("photo"), faces, width, height, style));
});
addEventListener("resize", () => { if (!at("picture").hidden && !at("result").hidden) label(); });
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, event => {
    if (at("picture").hidden) return;
    event.preventDefault();
    at("drop").classList.toggle("over-it", kind === "dragover");
    if (kind !== "drop") return;
    if (event.dataTransfer.files.length) pick(event.dataTransfer.files);
    else say(at("said"), "What was dropped is not a file. Save the picture first, or copy it and paste it here.", true);
  });
}
document.addEventListener("paste", event => {
  const files = event.clipboardData?.files;
  if (files?.length && !at("picture").hidden) pick(files);
});
