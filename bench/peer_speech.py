"""Transcribes with faster-whisper, and writes the words and the seconds.

    peer_speech.py OUT.json MODEL default|vad|batched LANGUAGE FILE...

Same weights, int8, two threads, beam 5; everything else as the package has it. `vad` is the same with its speech gate on;
`batched` is its BatchedInferencePipeline with batches of 8. Nothing is fetched: the model is a folder.
"""

import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"

from faster_whisper import BatchedInferencePipeline, WhisperModel  # noqa: E402


def main():
    if len(sys.argv) < 6 or sys.argv[3] not in ("default", "vad", "batched"):
        print(__doc__, file=sys.stderr)
        return 3
    out, folder, mode, language, files = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
    begun = time.perf_counter()
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=2)
    loaded = time.perf_counter()
    texts = {}
    for file in files:
        if mode == "batched":
            pieces, _ = BatchedInferencePipeline(model).transcribe(file, language=language, beam_size=5, batch_size=8)
        else:
            pieces, _ = model.transcribe(file, language=language, beam_size=5, vad_filter=mode == "vad")
        # The pieces come as they are computed: taking them is the work.
        texts[os.path.basename(file)] = " ".join(piece.text.strip() for piece in pieces)
    answer = {"texts": texts, "load_s": loaded - begun, "work_s": time.perf_counter() - loaded}
    with open(out, "w", encoding="utf-8") as f:
        json.dump(answer, f, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
