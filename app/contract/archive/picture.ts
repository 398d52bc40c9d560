const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Signature, then the header chunk's length and name, then width and height. */
const widthAt = 16;
const heightAt = 20;
const headerEnd = 24;
const longestPx = 16_384;
const mostPixels = 2 ** 27;

/** A picture is shown by the browser, which would unpack whatever size it says: that is looked at first. */
export function checkPicture(png: Uint8Array, invalid: (why: string) => Error): void {
  if (png.length < headerEnd || signature.some((byte, i) => png[i] !== byte))
    throw invalid('its picture is no PNG');
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const width = view.getUint32(widthAt);
  const height = view.getUint32(heightAt);
  if (width < 1 || height < 1 || width > longestPx || height > longestPx || width * height > mostPixels)
    throw invalid(
      `its picture says it is ${width} × ${height} pixels; allowed: sides to ${longestPx}, ${mostPixels} pixels in all`,
    );
}
