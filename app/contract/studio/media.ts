/**
 * Where pictures and maps are read from: paths that both hosts serve (`/media/…` over HTTP, `tessera://app/media/…` on the
 * desktop). The renderer turns one into an address with `bridge.mediaUrl(path)`. Ids are UUIDs; nothing else is accepted.
 */
export const mediaPaths = {
  /** The picture, PNG with its parameters text. */
  picture: (id: string) => `media/pictures/${id}.png`,
  /** WebP, the longer side `thumbnailPx`. */
  thumbnail: (id: string) => `media/thumbnails/${id}.webp`,
  /** Merge maps of all steps: an archive as in contract/archive. */
  maps: (id: string) => `media/maps/${id}.zip`,
  /** Merge maps of one step of the picture that is being made. */
  liveMaps: (id: string, call: number) => `media/live/${id}/${call}.zip`,
  /** The `.tessera` file: picture, request, figures, maps. */
  tessera: (id: string) => `media/tessera/${id}.tessera`,
} as const;

export const thumbnailPx = 384;
