"""Word and character error rates of several transcriptions against the words spoken.

    score.py ANSWER.json < {"truth": {NAME: WORDS}, "heard": {WHO: {NAME: WORDS}}}

One normalisation for all, as in `spelling.py`. Errors are added up over all names before dividing. Where nothing was said,
every word is an insertion; it counts in no rate.
"""

import json
import sys

import jiwer
from spelling import normal


def main():
    asked = json.load(sys.stdin)
    truth = {name: normal(words) for name, words in asked["truth"].items()}
    spoken = sorted(name for name in truth if truth[name])
    silent = [name for name in truth if not truth[name]]
    answer = {}
    for who, texts in asked["heard"].items():
        heard = {name: normal(texts.get(name, "")) for name in truth}
        n_invented = sum(len(heard[name].split()) for name in silent)
        counts = {"wer": None, "cer": None, "words": 0, "substitutions": 0, "deletions": 0, "insertions": n_invented}
        if spoken:
            pair = [truth[name] for name in spoken], [heard[name] for name in spoken]
            words = jiwer.process_words(*pair)
            counts = {
                "wer": words.wer,
                "cer": jiwer.process_characters(*pair).cer,
                "words": words.hits + words.substitutions + words.deletions,
                "substitutions": words.substitutions,
                "deletions": words.deletions,
                "insertions": words.insertions + n_invented,
            }
        answer[who] = counts
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump(answer, f)
    return 0


if __name__ == "__main__":
    sys.exit(main())
