"""What counts as the same word, whichever program wrote it.

Lower case; ё as е; everything that is neither letter nor digit is a space, apostrophes within a word are left out; numbers from 0
to 20 and the tens to 90 that stand alone as words of Russian, Ukrainian or English become digits.
"""

import re

_RUSSIAN = (
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать "
    "шестнадцать семнадцать восемнадцать девятнадцать двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
)
_UKRAINIAN = (
    "нуль один два три чотири пять шість сім вісім девять десять одинадцять дванадцять тринадцять чотирнадцять пятнадцять "
    "шістнадцять сімнадцять вісімнадцять девятнадцять двадцять тридцять сорок пятдесят шістдесят сімдесят вісімдесят девяносто"
)
_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
_VALUES = [*range(21), *range(30, 100, 10)]
NUMBERS = {
    word: str(value) for words in (_RUSSIAN, _UKRAINIAN, _ENGLISH) for word, value in zip(words.split(), _VALUES, strict=True)
}


def normal(text):
    """The words of a text, one space between."""
    text = re.sub(r"(?<=\w)['’ʼ](?=\w)", "", text.lower().replace("ё", "е"))
    return " ".join(NUMBERS.get(word, word) for word in re.sub(r"[\W_]+", " ", text).split())
