"""Word error rate of several transcriptions against the words spoken.

    score.py ANSWER.json < {"truth": {NAME: WORDS}, "heard": {WHO: {NAME: WORDS}}}

One normalisation for all: lower case, ё as е, digits 0 to 9 standing alone as Russian words, everything that is neither
letter nor digit is a space. Errors are added up over all names before dividing.
"""

import json
import re
import sys

import jiwer

DIGITS = ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"]


def normal(text):
    text = re.sub(r"[\W_]+", " ", text.lower().replace("ё", "е")).strip()
    return re.sub(r"(?<!\w)\d(?!\w)", lambda m: DIGITS[int(m.group())], text)


def main():
    asked = json.load(sys.stdin)
    names = sorted(asked["truth"])
    truth = [normal(asked["truth"][name]) for name in names]
    answer = {}
    for who, texts in asked["heard"].items():
        result = jiwer.process_words(truth, [normal(texts.get(name, "")) for name in names])
        n_words = result.hits + result.substitutions + result.deletions
        answer[who] = {
            "wer": result.wer,
            "words": n_words,
            "substitutions": result.substitutions,
            "deletions": result.deletions,
            "insertions": result.insertions,
        }
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump(answer, f)
    return 0


if __name__ == "__main__":
    sys.exit(main())
