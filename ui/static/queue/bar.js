/** Where the bar of verdicts stands: at the screen's lower edge, or, on a low screen, below what is judged. */

/** Share of the screen's height that the bar may take from the card. */
const MOST = 0.36;

/**
 * Keep the bar off what is judged, whatever the size of the screen, of the letters and of the labels.
 *
 * @param {HTMLElement} queue Has the class `au-flowing` where the bar would take too much, and says the bar's height in
 *   pixels as `--bar`, so that what is focused comes to rest above it.
 * @param {HTMLElement} bar
 * @param {HTMLElement[]} passing Parts of the bar that come and go while one writes: they do not make it jump.
 */
export function settle(queue, bar, passing) {
  const measure = () => {
    if (!bar.offsetHeight) {
      return; // not seen
    }
    const { scrollY } = window;
    queue.classList.remove("au-flowing");
    const height = passing.reduce((rest, part) => rest - part.offsetHeight, bar.offsetHeight);
    const flows = height > MOST * innerHeight;
    queue.classList.toggle("au-flowing", flows);
    queue.style.setProperty("--bar", flows ? "0" : String(bar.offsetHeight));
    if (window.scrollY !== scrollY) {
      scrollTo({ top: scrollY, behavior: "instant" });
    }
  };
  new ResizeObserver(measure).observe(bar);
  addEventListener("resize", measure);
}
