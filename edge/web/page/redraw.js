// Pictures that the machine does not take, drawn again by the browser, which reads more formats and has more memory.
const LONGEST = 4096; // pixels; the machine looks for faces in far fewer

// A JPEG of what the browser shows for this file; null: it shows nothing.
export async function redrawn(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image, scale = Math.min(1, LONGEST / Math.max(width, height));
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise(done => canvas.toBlob(done, "image/jpeg", 0.95));
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
