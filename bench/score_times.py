"""How far the times of words lie from where the words are.

    score_times.py ANSWER.json < {"truth": {NAME: [[FROM, TO, WORD]]}, "heard": {WHO: {NAME: [[FROM, TO, WORD]]}}}

Seconds. Words heard are paired with words spoken, in order and only where both are the same (`spelling.py`); words that were not
heard, or heard as others, have no times to compare.
"""

import json
import statistics
import sys
from difflib import SequenceMatcher

from spelling import normal


def words(placed):
    # What is no word after all, a dash for example, has no place.
    return [(start, end, word) for start, end, word in ((s, e, normal(w)) for s, e, w in placed) if word]


def main():
    asked = json.load(sys.stdin)
    answer = {}
    for who, by_name in asked["heard"].items():
        starts, ends, n_spoken = [], [], 0
        for name, placed in asked["truth"].items():
            spoken, heard = words(placed), words(by_name.get(name, []))
            n_spoken += len(spoken)
            same = SequenceMatcher(None, [w[2] for w in spoken], [w[2] for w in heard], autojunk=False)
            for at, there, n in same.get_matching_blocks():
                for (start, end, _), (start_heard, end_heard, _) in zip(spoken[at : at + n], heard[there : there + n], strict=True):
                    starts.append(start_heard - start)
                    ends.append(end_heard - end)
        n_paired = len(starts)
        off = sorted(abs(x) for x in starts + ends)
        answer[who] = {
            "spoken": n_spoken,
            "paired": n_paired,
            "median_s": statistics.median(off) if off else None,
            "start_median_s": statistics.median(map(abs, starts)) if starts else None,
            "end_median_s": statistics.median(map(abs, ends)) if ends else None,
            "start_bias_s": statistics.median(starts) if starts else None,
            "end_bias_s": statistics.median(ends) if ends else None,
            "ninetieth_s": off[int(0.9 * (len(off) - 1))] if off else None,
        }
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump(answer, f)
    return 0


if __name__ == "__main__":
    sys.exit(main())
