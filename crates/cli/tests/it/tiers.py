"""What programs of others read in a transcript that zapys wrote: ELAN and Praat through pympi, subtitles through webvtt, a word
processor's table through python-docx, which also mends the first row and saves the table anew.

Prints, for each form, its tiers or cues as lists of [start in ms, end in ms, text], and the rows of the table."""

import json
import sys

import docx
import pympi
import webvtt

stem = sys.argv[1]


def cues(captions):
    def ms(time):
        return round((time.hours * 3600 + time.minutes * 60 + time.seconds) * 1000 + time.milliseconds)

    return [[ms(c.start_time), ms(c.end_time), c.text, c.voice] for c in captions]


eaf = pympi.Eaf(stem + ".eaf")
document = docx.Document(stem + ".docx")
rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
words = document.tables[0].rows[1].cells[4].paragraphs[0]
words.add_run(" (нерозбірливо)").italic = True
document.save(stem + ".mended.docx")
grid = pympi.TextGrid(stem + ".textgrid")
print(json.dumps({
    "eaf": {name: [list(a[:3]) for a in eaf.get_annotation_data_for_tier(name)] for name in eaf.get_tier_names()},
    "participants": {name: eaf.get_parameters_for_tier(name).get("PARTICIPANT") for name in eaf.get_tier_names()},
    "textgrid": {t.name: [[round(a * 1000), round(b * 1000), text] for a, b, text in t.get_all_intervals() if text] for t in grid.get_tiers()},
    "docx": rows,
    "vtt": cues(webvtt.read(stem + ".vtt")),
    "srt": cues(webvtt.from_srt(stem + ".srt")),
}))
