"""Speaker error rates: no collar, overlap counted, the whole recording.

    score_speakers.py ANSWER.json < {"truth": {NAME: [[FROM, TO, WHO]]}, "heard": {NAME: {"seconds": N, "turns": [...]}}}

Of the time that is spoken, voice by voice, how much was missed, given to the wrong voice, or found where nobody speaks. The best
pairing of voices is found first: names do not matter.
"""

import json
import sys

from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate


def annotation(turns):
    answer = Annotation()
    for i, (start, end, who) in enumerate(turns):
        answer[Segment(start, end), i] = who
    return answer


def main():
    asked = json.load(sys.stdin)
    answer = {}
    for name, truth in asked["truth"].items():
        heard = asked["heard"][name]
        metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
        whole = Timeline([Segment(0.0, heard["seconds"])])
        parts = metric(annotation(truth), annotation(heard["turns"]), uem=whole, detailed=True)
        answer[name] = {
            "error": parts["diarization error rate"],
            "spoken_s": parts["total"],
            "missed_s": parts["missed detection"],
            "wrong_voice_s": parts["confusion"],
            "nobody_s": parts["false alarm"],
            "voices": [len({t[2] for t in truth}), len({t[2] for t in heard["turns"]})],
        }
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump(answer, f)
    return 0


if __name__ == "__main__":
    sys.exit(main())
