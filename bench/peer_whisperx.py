"""Transcribes with WhisperX, and writes the words and the seconds.

    peer_whisperx.py OUT.json MODEL LANGUAGE FILE...

Same weights, int8, two threads, batches of 8; everything else as the package has it, its speech gate among it. LANGUAGE `auto` leaves
finding it to the package. Its alignment is left out: the models for it would have to be fetched. Nothing is: the model is a folder.
"""

import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"

import whisperx  # noqa: E402


def main():
    if len(sys.argv) < 5:
        print(__doc__, file=sys.stderr)
        return 3
    out, folder, language, files = *sys.argv[1:4], sys.argv[4:]
    begun = time.perf_counter()
    language = None if language == "auto" else language
    model = whisperx.load_model(folder, "cpu", compute_type="int8", language=language, threads=2)
    loaded = time.perf_counter()
    texts = {}
    for file in files:
        heard = model.transcribe(whisperx.load_audio(file), batch_size=8)
        texts[os.path.basename(file)] = " ".join(piece["text"].strip() for piece in heard["segments"])
    answer = {"texts": texts, "words": {}, "load_s": loaded - begun, "work_s": time.perf_counter() - loaded}
    with open(out, "w", encoding="utf-8") as f:
        json.dump(answer, f, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
