"""What programs of others read in a transcript that zapys wrote: ELAN and Praat through pympi, subtitles through webvtt.

Prints, for each form, its tiers or cues as lists of [start in ms, end in ms, text]."""

import json
import sys

import pympi
import webvtt

stem = sys.argv[1]


def cues(captions):
    def ms(time):
        return round((time.hours * 3600 + time.minutes * 60 + time.seconds) * 1000 + time.milliseconds)

    return [[ms(c.start_time), ms(c.end_time), c.text, c.voice] for c in captions]


eaf = pympi.Eaf(stem + ".eaf")
grid = pympi.TextGrid(stem + ".textgrid")
print(json.dumps({
    "eaf": {name: [list(a[:3]) for a in eaf.get_annotation_data_for_tier(name)] for name in eaf.get_tier_names()},
    "participants": {name: eaf.get_parameters_for_tier(name).get("PARTICIPANT") for name in eaf.get_tier_names()},
    "textgrid": {t.name: [[round(a * 1000), round(b * 1000), text] for a, b, text in t.get_all_intervals() if text] for t in grid.get_tiers()},
    "vtt": cues(webvtt.read(stem + ".vtt")),
    "srt": cues(webvtt.from_srt(stem + ".srt")),
}))
