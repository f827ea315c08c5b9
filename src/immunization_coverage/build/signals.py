"""Ends a build with a sentence instead of a traceback if a signal arrives while modules are imported."""

import os
import signal

STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def end_at_once(number: int, _frame: object) -> None:
    print(f"\nNot published: stopped by {signal.Signals(number).name}.", flush=True)
    os._exit(128 + number)


def end_at_once_on_signals() -> None:
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end_at_once)
