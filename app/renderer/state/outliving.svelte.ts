/** What outlives the screen that asks for it first: its deriveds must not end with that screen, or they would tell old news. */
export function outliving<T>(create: () => T): T {
  let made: { readonly value: T } | undefined;
  $effect.root(() => {
    made = { value: create() };
  });
  if (made === undefined) throw new Error('The root of effects did not run.');
  return made.value;
}
