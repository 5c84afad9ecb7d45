// What scrolls sideways says so: the side where there is more fades out.

export function showEdges(selector: string): void {
  for (const element of document.querySelectorAll<HTMLElement>(selector)) {
    const look = () => {
      const { scrollLeft, scrollWidth, clientWidth } = element;
      element.classList.toggle("more-left", scrollLeft > 1);
      element.classList.toggle("more-right", scrollLeft < scrollWidth - clientWidth - 1);
    };
    element.addEventListener("scroll", look, { passive: true });
    const watch = new ResizeObserver(look);
    watch.observe(element);
    for (const child of element.children) watch.observe(child);
  }
}
