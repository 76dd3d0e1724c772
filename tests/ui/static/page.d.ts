/** What the page's modules use that TypeScript's description of a browser does not have. */

interface Window {
  /** The drawing library, which `map/plot.js` fetches. */
  Plotly: any;
}

/** Plotly adds these to the element that it draws in. */
interface PlotlyElement extends HTMLElement {
  _fullLayout: any;
  on(event: string, listener: (event: any) => void): void;
}

/** Messages between the parts of the page. */
interface DocumentEventMap {
  "auditor:asking": CustomEvent<any>;
  "auditor:bulk": CustomEvent<any>;
  "auditor:moved": CustomEvent<any>;
  "auditor:pulse": CustomEvent<any>;
  "auditor:undone": CustomEvent<any>;
}

/** What a selector finds is an element of HTML: the drawings of the page are never looked for. */
interface ParentNode {
  querySelector<Tag extends keyof HTMLElementTagNameMap>(selectors: Tag): HTMLElementTagNameMap[Tag] | null;
  querySelector(selectors: string): HTMLElement | null;
  querySelectorAll<Tag extends keyof HTMLElementTagNameMap>(selectors: Tag): NodeListOf<HTMLElementTagNameMap[Tag]>;
  querySelectorAll(selectors: string): NodeListOf<HTMLElement>;
}
