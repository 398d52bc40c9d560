/**
 * The first key that stands twice in one object of a JSON text that is known to be valid, else undefined.
 * JSON.parse keeps the last of two equal keys without a word, so another reader could see another model in the same file.
 */
export function findDuplicateKey(text: string): string | undefined {
  const scopes: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    switch (text.charAt(i)) {
      case '{':
        scopes.push(new Set());
        break;
      case '[':
        scopes.push(null);
        break;
      case '}':
      case ']':
        scopes.pop();
        break;
      case '"': {
        const end = stringEnd(text, i);
        const scope = scopes.at(-1);
        if (scope && isKey(text, end)) {
          const key = JSON.parse(text.slice(i, end)) as string;
          if (scope.has(key)) return key;
          scope.add(key);
        }
        i = end - 1;
        break;
      }
      default:
    }
  }
  return undefined;
}

/** The position behind the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

const blanks = new Set([' ', '\n', '\r', '\t']);

function isKey(text: string, end: number): boolean {
  let i = end;
  while (blanks.has(text[i] ?? '')) i++;
  return text[i] === ':';
}
