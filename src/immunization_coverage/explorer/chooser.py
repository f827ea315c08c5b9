"""Tiles and rows of the explorer that choose a public health unit, by click and by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

# One stop of the Tab key for each group; arrows move within it, to the nearest choice in their direction. A choice
# draws the page anew, so the focus is given back to the same choice.
SCRIPT = """
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const place = (choice) => {
  const box = choice.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
};

export default function ({ setTriggerValue }) {
  let awaited = null;
  const click = (event) => {
    const choice = event.target.closest('.explorer button[data-phu]');
    if (!choice) return;
    awaited = { group: choice.closest('[data-choices]').dataset.choices, phu: choice.dataset.phu };
    setTriggerValue('unit', choice.dataset.phu);
  };
  const move = (event) => {
    const choice = event.target.closest('.explorer button[data-phu]');
    const [across, down] = arrows[event.key] ?? [0, 0];
    if (!choice || (!across && !down)) return;
    event.preventDefault();
    const [x, y] = place(choice);
    let nearest = null;
    let least = Infinity;
    for (const other of choice.closest('[data-choices]').querySelectorAll('button[data-phu]')) {
      const [otherX, otherY] = place(other);
      const ahead = (otherX - x) * across + (otherY - y) * down;
      const aside = Math.abs((otherX - x) * down) + Math.abs((otherY - y) * across);
      if (ahead > 2 && ahead + 3 * aside < least) [nearest, least] = [other, ahead + 3 * aside];
    }
    if (!nearest) return;
    choice.tabIndex = -1;
    nearest.tabIndex = 0;
    nearest.focus();
  };
  const refocus = new MutationObserver(() => {
    if (!awaited || document.activeElement !== document.body) return;
    const choice = document.querySelector(
      `.explorer [data-choices="${awaited.group}"] button[data-phu="${awaited.phu}"]`);
    if (choice?.ariaCurrent) {
      awaited = null;
      choice.focus({ preventScroll: true });
    }
  });
  document.addEventListener('click', click);
  document.addEventListener('keydown', move);
  refocus.observe(document.body, { childList: true, subtree: true });
  return () => {
    document.removeEventListener('click', click);
    document.removeEventListener('keydown', move);
    refocus.disconnect();
  };
}
"""
KEY = "chooser"
mounted = st.components.v2.component("unit_chooser", js=SCRIPT)


def listen(on_choice: Callable[[str], None]) -> None:
    """Calls `on_choice` with the id of a unit before the page is drawn anew."""

    def chosen() -> None:
        unit = st.session_state[KEY].unit
        if unit:
            on_choice(unit)

    mounted(key=KEY, on_unit_change=chosen, height=1)
