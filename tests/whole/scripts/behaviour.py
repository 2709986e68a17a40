"""A program that ends in the way its first argument says. Every way is to look the same under `jitserve run`."""

import atexit
import inspect
import multiprocessing
import os
import signal
import sys
import threading
import warnings


def describe():
    print(__name__, __file__, __package__, __spec__, sys.argv, sys.path, len(inspect.stack()))
    print(sorted(set(globals()) - {"__cached__"}), sys.flags, sys.modules["__main__"].__dict__ is globals())


def fail():
    try:
        {}["missing"]
    except KeyError as error:
        raise ValueError("this is how it fails") from error


def fail_in_thread():
    thread = threading.Thread(target=fail, name="worker")
    thread.start()
    thread.join()


def leave_something_for_the_end():
    atexit.register(print, "at the end", flush=True)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()


def square(number):
    return number * number


def spawn():
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        print(pool.map(square, range(5)))
    child = context.Process(target=fail, name="child")
    child.start()
    child.join()
    print(child.exitcode)


def fork():
    child = os.fork()
    if not child:
        sys.exit(3)
    print(os.waitpid(child, 0)[1])


def warn():
    warnings.warn("this may be wrong", stacklevel=2)


def replace_hook():
    sys.excepthook = lambda kind, error, trace: print(
        kind, error, trace.tb_frame.f_code.co_name, trace.tb_next.tb_lineno
    )
    fail()


WAYS = {
    "describe": describe,
    "fail": fail,
    "fail_in_thread": fail_in_thread,
    "leave_something_for_the_end": leave_something_for_the_end,
    "exit_with_text": lambda: sys.exit("a text"),
    "exit_with_number": lambda: sys.exit(7),
    "exit_with_object": lambda: sys.exit(["not", "a", "number"]),
    "exit_without": lambda: sys.exit(),
    "exit_at_once": lambda: os._exit(9),
    "interrupt": interrupt,
    "terminate": terminate,
    "spawn": spawn,
    "fork": fork,
    "warn": warn,
    "replace_hook": replace_hook,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
