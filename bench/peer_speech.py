"""Transcribes with faster-whisper, and writes the words and the seconds.

    peer_speech.py OUT.json MODEL default|vad|batched LANGUAGE plain|timed FILE...

Same weights, int8, two threads, beam 5; everything else as the package has it. `vad` is the same with its speech gate on;
`batched` is its BatchedInferencePipeline with batches of 8. LANGUAGE `auto` leaves finding it to the package. `timed` asks for the
times of words, too. Nothing is fetched: the model is a folder.
"""

import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"

from faster_whisper import BatchedInferencePipeline, WhisperModel  # noqa: E402


def main():
    if len(sys.argv) < 7 or sys.argv[3] not in ("default", "vad", "batched") or sys.argv[5] not in ("plain", "timed"):
        print(__doc__, file=sys.stderr)
        return 3
    out, folder, mode, language, times, files = *sys.argv[1:6], sys.argv[6:]
    begun = time.perf_counter()
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=2)
    loaded = time.perf_counter()
    asked = {"language": None if language == "auto" else language, "beam_size": 5, "word_timestamps": times == "timed"}
    texts, words = {}, {}
    for file in files:
        if mode == "batched":
            pieces, _ = BatchedInferencePipeline(model).transcribe(file, batch_size=8, **asked)
        else:
            pieces, _ = model.transcribe(file, vad_filter=mode == "vad", **asked)
        # The pieces come as they are computed: taking them is the work.
        pieces = list(pieces)
        name = os.path.basename(file)
        texts[name] = " ".join(piece.text.strip() for piece in pieces)
        words[name] = [[float(w.start), float(w.end), w.word] for piece in pieces for w in piece.words or []]
    answer = {"texts": texts, "words": words, "load_s": loaded - begun, "work_s": time.perf_counter() - loaded}
    with open(out, "w", encoding="utf-8") as f:
        json.dump(answer, f, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
