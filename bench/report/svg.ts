/** A small drawing for pages that are light or dark: no background, and colours that read on both. */

export const ink = { text: '#7d8590', grid: '#8b949e', ours: '#2f81f7', theirs: '#8c959f' } as const;
/** Ours on other providers, and other ways of merging. */
export const others = ['#c9762b', '#a371f7', '#2da44e', '#d1497b', '#1b9aa6'] as const;

export function drawing(width: number, height: number, label: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="11">`,
    `<title>${escape(label)}</title>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

interface TextStyle {
  readonly colour?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly weight?: number;
}

export function text(
  x: number,
  y: number,
  words: string,
  { colour = ink.text, anchor = 'start', size, weight }: TextStyle = {},
): string {
  const extra = [
    size === undefined ? '' : ` font-size="${size}"`,
    weight === undefined ? '' : ` font-weight="${weight}"`,
  ];
  return `<text x="${at(x)}" y="${at(y)}" fill="${colour}" text-anchor="${anchor}"${extra.join('')}>${escape(words)}</text>`;
}

export function rule(x1: number, y1: number, x2: number, y2: number, colour: string, opacity = 1): string {
  return `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="${colour}" stroke-opacity="${opacity}"/>`;
}

export function path(
  points: readonly { readonly x: number; readonly y: number }[],
  colour: string,
  isDashed: boolean,
): string {
  const d = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${at(x)} ${at(y)}`).join('');
  return `<path d="${d}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${isDashed ? ' stroke-dasharray="5 4"' : ''}/>`;
}

export function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${at(x)}" cy="${at(y)}" r="3" fill="${colour}"/>`;
}

function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
