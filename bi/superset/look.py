#!/usr/bin/env python3
"""Log in to a running Superset with headless Chromium, open the dashboard, and check that all charts draw and answer.

    .uv/bin/uv run --no-project --with playwright==1.65.2 python bi/superset/look.py dashboard.png

SUPERSET_PASSWORD  the administrator's password
SUPERSET_URL       default http://localhost:8088
CHROMIUM           the browser (default: chromium in PATH)

Writes a picture of the whole dashboard, and asks `/api/v1/chart/<id>/data/`, as alerts and reports do, for the data of
each chart. Exit status: 0 all charts drawn and answered; 1 one is empty, failed or still loading.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ASSETS = Path(__file__).resolve().parent / "assets"
URL = os.environ.get("SUPERSET_URL", "http://localhost:8088")


def log_in(page: Page) -> None:
    page.goto(f"{URL}/login/")
    page.locator("input[name=username], #username").first.fill("admin")
    page.locator("input[name=password], #password").first.fill(os.environ["SUPERSET_PASSWORD"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url, timeout=60_000)


def complaints(page: Page, charts: int) -> list[str]:
    found = []
    drawn = page.locator("[data-test=chart-container], .dashboard-chart").count()
    if drawn < charts:
        found.append(f"{drawn} of {charts} charts are on the page.")
    for selector, what in (("[role=alert]", "says"), (".ant-empty-description, .empty-state", "is empty:")):
        found += [f"A chart {what} {text}" for text in page.locator(selector).all_inner_texts() if text.strip()]
    if page.locator(".dashboard-chart .loading, [data-test=loading-indicator]").count():
        found.append("Something is still loading.")
    # A chart that drew has more than one colour; one whose query failed has no canvas, table or words.
    for chart in page.locator(".dashboard-chart").all():
        blank = chart.evaluate(
            """element => {
                const canvas = element.querySelector('canvas');
                if (!canvas) return !element.querySelector('table, .pvtTable, [role=table], .ag-root, p');
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                const colours = new Set();
                for (let i = 0; i < pixels.length; i += 400) colours.add(pixels.slice(i, i + 4).join());
                return colours.size < 3;
            }"""
        )
        if blank:
            found.append(f"Blank: {chart.inner_text()[:80]!r}")
    return found


def unanswered(page: Page, charts: int) -> list[str]:
    """Charts of the dashboard whose data the API does not give."""
    listed = page.request.get(f"{URL}/api/v1/dashboard/immunization-coverage/charts").json()["result"]
    found = [] if len(listed) == charts else [f"{len(listed)} of {charts} charts belong to the dashboard."]
    for chart in listed:
        answer = page.request.get(f"{URL}/api/v1/chart/{chart['id']}/data/")
        if answer.status != 200:
            found.append(f"No data of {chart['slice_name']!r}: {answer.status} {answer.text()[:200]}")
        elif not answer.json()["result"][0]["rowcount"]:
            found.append(f"No rows of {chart['slice_name']!r}.")
    return found


def main(picture: str) -> int:
    charts = len(list((ASSETS / "charts").glob("*.yaml")))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        # High enough that every row of the dashboard is visible: Superset draws only those.
        page = browser.new_page(viewport={"width": 1440, "height": 4200})
        log_in(page)
        page.goto(f"{URL}/superset/dashboard/immunization-coverage/?standalone=2")
        page.wait_for_selector(".dashboard-chart", timeout=120_000)
        page.wait_for_load_state("networkidle", timeout=120_000)
        page.wait_for_timeout(5_000)
        found = complaints(page, charts) + unanswered(page, charts)
        page.screenshot(path=picture, full_page=True)
        browser.close()
    print("\n".join(found) if found else f"{charts} charts drawn and answered: {picture}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "superset_dashboard.png"))
