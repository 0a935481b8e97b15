"""The rate at which this machine reads memory, in bytes a second: the best of some sums over 1 GB.

    python bandwidth.py [THREADS]
"""

import sys
import time

import torch

ROUNDS, BYTES = 7, 10 ** 9


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    values = torch.ones(BYTES // 4)
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        values.sum()
        best = min(best, time.perf_counter() - start)
    print(BYTES / best)


if __name__ == "__main__":
    main()
