"""What every peer script shares: arguments, clock, one line of JSON. Exits with 3 when a package is absent."""
import argparse
import importlib
import json
import resource
import statistics
import sys
import time


def require(*names):
    """The packages by name, or exit code 3 and a line that says which one is absent."""
    found = []
    for name in names:
        try:
            found.append(importlib.import_module(name))
        except ImportError:
            print(f"package {name} is not installed in {sys.executable}", file=sys.stderr)
            sys.exit(3)
    return found


def arguments(**defaults):
    """--threads, --repeats, --warmup and what the script adds; types are those of the defaults."""
    parser = argparse.ArgumentParser()
    for name, value in {"threads": 2, "repeats": 3, "warmup": 1, **defaults}.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    return parser.parse_args()


def report(name, work, run, prepare, args):
    """Times run(prepare()) and prints the line; preparing is not timed."""
    for _ in range(args.warmup):
        run(prepare())
    times = []
    for _ in range(args.repeats):
        given = prepare()
        start = time.perf_counter()
        run(given)
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({
        "name": name,
        "work": work,
        "ms_median": round(statistics.median(times), 2),
        "ms_all": [round(t, 2) for t in times],
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "threads": args.threads,
    }))
