/** Where open lists and tooltips are put: a landmark of the page, or the page itself where it has none. */
export function floatingPlace(): HTMLElement {
  return document.getElementById('floating') ?? document.body;
}
