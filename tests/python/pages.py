"""What tests ask of a page in a real browser: nothing fails, nothing is fetched, no words cover others."""

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import axe_playwright_python

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
WIDTHS = (1280, 390)

# Lines of text that lie on one another. Looked at line by line: a paragraph's box has room where it has no words.
OVERLAPS = """
(ignored) => {
  const lines = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!node.data.trim() || holder.closest(`script, style, title, option, ${ignored}`)) continue;
    if (!holder.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      // What a scrolling box or a clipped one does not show is on nothing.
      let shown = { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
      for (let up = holder; up; up = up.parentElement) {
        if (getComputedStyle(up).overflowX === 'visible') continue;
        const clip = up.getBoundingClientRect();
        shown = {
          left: Math.max(shown.left, clip.left), right: Math.min(shown.right, clip.right),
          top: Math.max(shown.top, clip.top), bottom: Math.min(shown.bottom, clip.bottom),
        };
      }
      if (shown.right - shown.left > 2 && shown.bottom - shown.top > 2) {
        lines.push({ ...shown, size: box.bottom - box.top, text: node.data.trim().slice(0, 60), holder });
      }
    }
  }
  lines.sort((one, other) => one.top - other.top);
  const found = [];
  for (let i = 0; i < lines.length; i += 1) {
    const one = lines[i];
    for (let j = i + 1; j < lines.length && lines[j].top < one.bottom; j += 1) {
      const other = lines[j];
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const height = Math.min(one.bottom, other.bottom) - other.top;
      // Line boxes touch by their leading; letters do where a third of the line is shared, whatever is clipped of it.
      const least = Math.min(one.size, other.size);
      if (across > 2 && height > least / 3) found.push(`${one.text} | ${other.text}`);
    }
  }
  return found;
}
"""


class Page:
    """A page with the network off, which keeps what the browser complains of and asks for."""

    def __init__(self, browser, width: int, allowed: tuple[str, ...] = ("file:", "data:", "blob:")):
        self.context = browser.new_context(viewport={"width": width, "height": 1000}, accept_downloads=True)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

        def look(route):
            if route.request.url.startswith(allowed):
                return route.continue_()
            self.requests.append(route.request.url)
            return route.abort()

        self.context.route("**/*", look)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def overlaps(self, ignored: str = ".unseen") -> list[str]:
        return self.page.evaluate(OVERLAPS, ignored)

    def sticks_out(self) -> int:
        """Pixels by which the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    def violations(self, within: str = "document", with_contrast: bool = True) -> list[str]:
        """What axe finds, serious and critical, by the rules of WCAG 2.1 A and AA."""
        self.page.evaluate(AXE)
        contrast = str(with_contrast).lower()
        found = self.page.evaluate(
            f"axe.run({within}, {{resultTypes: ['violations'], rules: {{'color-contrast': {{enabled: {contrast}}}}}, "
            "runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(done => done.violations)"
        )
        return [
            f"{violation['id']}: {violation['nodes'][0]['html'][:150]} ({len(violation['nodes'])})"
            for violation in found
            if violation["impact"] in ("serious", "critical")
        ]


def percent(count: int, students: int, language: str = "en", decimals: int = 1) -> str:
    """The percent as the page should print it, from the counts."""
    exact = Decimal(100 * count) / Decimal(students)
    text = str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
    return f"{text}%" if language == "en" else f"{text.replace('.', ',')}\u00a0%"


def colours(png: bytes) -> int:
    """How many colours a picture has: one, and it is blank."""
    import struct
    import zlib

    width, height = struct.unpack(">II", png[16:24])
    channels = {2: 3, 6: 4}[png[25]]
    body, place = b"", 8
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        if kind == b"IDAT":
            body += png[place + 8 : place + 8 + length]
        place += 12 + length
    # Filtered lines differ where pixels do, which is all that is asked here.
    lines = zlib.decompress(body)
    stride = width * channels + 1
    return len({lines[row * stride + 1 : (row + 1) * stride] for row in range(height)})
