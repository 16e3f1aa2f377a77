// Boxes with labels over a picture: elements, so that letters are sharp at any size.
import { add, setText } from "./dom.js";
import { place } from "./labels.js";
import { faceClass, faceLabel, faceWord, maskWord } from "./words.js";

const CIRCLE = 1.3; // diameter of the circle around a face, in longer sides of its box
const FONT_PX = 13.6, HIGH = 22, ROOM = 2.1 * FONT_PX + 2; // of a label: its letters, its height, its width without the text
const pen = document.createElement("canvas").getContext("2d");
const widths = new Map(), spots = new WeakMap();

// What a label may say, from all to a number, which the face's card then has, too. Beside a circle it is the emotion's name.
const texts = (face, n, style) => style === "circle" ? [faceWord(face), faceWord(face), faceWord(face), String(n + 1)]
  : [faceLabel(face) + (face.worn ? `, ${maskWord(face)}` : ""), faceLabel(face), faceWord(face), String(n + 1)];

// What is drawn around a face: its box, or the square of its circle.
function outline([l, t, r, b], style) {
  if (style !== "circle") return [l, t, r, b];
  const [x, y, half] = [(l + r) / 2, (t + b) / 2, CIRCLE * Math.max(r - l, b - t) / 2];
  return [x - half, y - half, x + half, y + half];
}

function measure(text) {
  if (widths.size > 500) widths.clear();
  if (!widths.has(text)) {
    pen.font = `600 ${FONT_PX}px ${getComputedStyle(document.body).fontFamily}`;
    widths.set(text, pen.measureText(text).width + ROOM);
  }
  return widths.get(text);
}

// Draws faces in a layer that lies over a picture of width x height; boxes are kept by their key. Returns the keys of
// those whose label is only a number, with the numbers. style: "box", or "circle" with the emotion's name alone.
export function drawBoxes(layer, faces, width, height, keyOf, style = "box") {
  const kept = new Map([...layer.children].map(box => [box.dataset.key, box]));
  const here = faces.map((face, n) => ({ face, n, key: String(keyOf(face, n)) })).filter(({ face }) => face.box);
  const [wide, high] = [layer.clientWidth, layer.clientHeight];
  const boxes = here.map(({ face: { box: [l, t, r, b] } }) => [l * wide / width, t * high / height, r * wide / width, b * high / height]);
  const scaled = boxes.map(box => outline(box, style));
  const before = here.map(({ key }) => spots.get(kept.get(key)));
  const labels = place(scaled, here.map(({ face, n }) => texts(face, n, style)), wide, high, measure, HIGH, before, boxes);
  const numbers = new Map();
  for (const [m, { face, n, key }] of here.entries()) {
    const box = kept.get(key) ?? add(layer, "div"), label = labels[m];
    kept.delete(key);
    if (!box.firstChild) add(box, "span");
    box.dataset.key = key;
    const [left, top, right, bottom] = outline(face.box, style);
    box.style.left = `${100 * left / width}%`;
    box.style.top = `${100 * top / height}%`;
    box.style.width = `${100 * (right - left) / width}%`;
    box.style.height = `${100 * (bottom - top) / height}%`;
    const states = ["box", faceClass(face)];
    if (style === "circle") states.push("circle");
    if (face.worn) states.push("masked");
    if (box.classList.contains("lit")) states.push("lit");
    const cls = states.join(" ");
    if (box.className !== cls) box.className = cls;
    // Within the border of 3 px.
    box.firstChild.style.left = `${label.area[0] - scaled[m][0] - 3}px`;
    box.firstChild.style.top = `${label.area[1] - scaled[m][1] - 3}px`;
    box.firstChild.style.width = `${label.area[2] - label.area[0]}px`;
    setText(box.firstChild, label.text);
    spots.set(box, label.at);
    if (label.text === String(n + 1)) numbers.set(key, label.text);
  }
  for (const gone of kept.values()) gone.remove();
  return numbers;
}

// The picture with boxes and labels drawn into it, as a JPEG.
export async function annotated(image, faces, width, height, style = "box") {
  const canvas = document.createElement("canvas");
  const scale = Math.max(1, Math.ceil(480 / Math.min(width, height)));
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const letter = Math.max(14, Math.round(Math.min(canvas.width, canvas.height) / 34));
  const font = `600 ${letter}px system-ui, sans-serif`;
  pen.font = font;
  const boxes = faces.map(({ box }) => box.map(side => side * scale)), drawn = boxes.map(box => outline(box, style));
  const wide = text => pen.measureText(text).width + letter;
  const words = faces.map((face, n) => texts(face, n, style));
  const labels = place(drawn, words, canvas.width, canvas.height, wide, 1.5 * letter, [], boxes);
  const colours = add(document.body, "div", undefined, "boxes");
  colours.hidden = true;
  for (const [n, face] of faces.entries()) {
    const [left, top, right, bottom] = drawn[n];
    pen.lineWidth = Math.max(2, letter / 6);
    pen.strokeStyle = getComputedStyle(add(colours, "div", undefined, faceClass(face))).getPropertyValue("--colour").trim() || "#fff";
    pen.setLineDash(face.worn ? [letter / 2, letter / 3] : []);
    pen.beginPath();
    if (style === "circle") pen.arc((left + right) / 2, (top + bottom) / 2, (right - left) / 2, 0, 2 * Math.PI);
    else pen.rect(left, top, right - left, bottom - top);
    pen.stroke();
  }
  pen.font = font;
  for (const { text, area: [left, top, right, bottom] } of labels) {
    pen.fillStyle = "rgba(14, 15, 18, .86)";
    pen.fillRect(left, top, right - left, bottom - top);
    pen.fillStyle = "#fff";
    pen.fillText(text, left + letter / 2, top + 1.1 * letter);
  }
  colours.remove();
  return legend(canvas, words.map(([word], n) => [word, labels[n].text]).filter(([, text]) => /^\d+$/.test(text)), letter);
}

// Below the picture, what the numbers mean.
function legend(canvas, numbered, letter) {
  const done = made => new Promise(resolve => made.toBlob(resolve, "image/jpeg", 0.92));
  if (!numbered.length) return done(canvas);
  const words = numbered.map(([word, number]) => `${number}: ${word}`), lines = [""];
  const pen = canvas.getContext("2d");
  for (const word of words) {
    const longer = lines.at(-1) ? `${lines.at(-1)}    ${word}` : word;
    if (pen.measureText(longer).width + letter <= canvas.width || !lines.at(-1)) lines[lines.length - 1] = longer; else lines.push(word);
  }
  const whole = document.createElement("canvas");
  Object.assign(whole, { width: canvas.width, height: canvas.height + (1.5 * lines.length + .6) * letter });
  const ink = whole.getContext("2d");
  ink.fillStyle = "#0e0f12";
  ink.fillRect(0, 0, whole.width, whole.height);
  ink.drawImage(canvas, 0, 0);
  ink.font = pen.font;
  ink.fillStyle = "#fff";
  lines.forEach((line, n) => ink.fillText(line, letter / 2, canvas.height + 1.5 * letter * (n + 1)));
  return done(whole);
}
