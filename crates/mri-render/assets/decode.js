// The data blocks of the page: gzip in base64, unpacked by the browser.

function bytesOfBase64(text) {
  if (typeof Uint8Array.fromBase64 === "function") return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// FNV-1a, 32 bits, as eight hexadecimal digits.
function hashOf(bytes) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

// Unpacks a block; `whole` is whether its length and hash match.
async function unpack(name) {
  const element = document.getElementById(`data-${name}`);
  const packed = bytesOfBase64(element.textContent);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const { bytes: length, hash } = element.dataset;
  return { bytes, whole: bytes.length === Number(length) && hashOf(bytes) === hash, hash };
}

const KINDS = { Uint16Array, Uint32Array, Float32Array, Float64Array };

// [length of the head][head, JSON][arrays], everything padded to 8 bytes.
function readScanBlock(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = Math.ceil((4 + length) / 8) * 8;
  const parts = {};
  for (const part of head.parts) {
    parts[part.name] = new KINDS[part.kind](bytes.buffer, start + part.at, part.length);
  }
  return { head, parts };
}

// [number of texts][length of each][texts, UTF-8]
function readTexts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const n = view.getUint32(0, true);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const texts = new Array(n);
  let at = 4 + 4 * n;
  for (let i = 0; i < n; i++) {
    const end = at + view.getUint32(4 + 4 * i, true);
    texts[i] = decoder.decode(bytes.subarray(at, end));
    at = end;
  }
  return texts;
}
