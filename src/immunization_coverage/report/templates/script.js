'use strict';
// Choosing what a figure shows; without scripts the figure shows its first choice.
for (const chooser of document.querySelectorAll('[data-chooser]')) {
  const select = chooser.querySelector('select');
  const panels = chooser.querySelectorAll('[data-choice]');
  const show = () => { for (const panel of panels) panel.hidden = panel.dataset.choice !== select.value; };
  select.addEventListener('change', show);
  show();
}
for (const link of document.querySelectorAll('[data-choose]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const select = document.querySelector(`${link.getAttribute('href')} select`);
    select.value = link.dataset.choose;
    select.dispatchEvent(new Event('change'));
    document.querySelector(link.getAttribute('href')).scrollIntoView();
    select.focus({ preventScroll: true });
  });
}
// A link to a rule opens the antigen that it belongs to.
const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const closed = target && target.closest('details');
  if (closed) { closed.open = true; target.scrollIntoView(); }
};
addEventListener('hashchange', reveal);
reveal();
// On paper a details element is open; the tables of the figures' data are left out.
addEventListener('beforeprint', () => { for (const closed of document.querySelectorAll('details:not(.data)')) closed.open = true; });
