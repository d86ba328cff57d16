"""The forms in which a name is kept to be found by, and the one in which it is looked for.

A name is found by the beginning of any of its words, and by words that follow each other; after its last word comes its
first one, so "bianchi anna" finds Anna Bianchi. Each such beginning is one form, and whatever is typed is the beginning
of some: a database has them all in one index, and looks there once, however many names it knows and however frequent
the words are. What stands in the middle of a word is not found: "gold" is not in "Marigold".

RULES.md is silent about it: case, accents and punctuation make no difference, and neither do the full stops of
initials, since "S.r.l." is written "srl" as well.
"""

import re
import unicodedata

LONGEST = 64  # characters of a form: what is alike so far is found by more, too
WORDS = 20  # of a name, with which a form begins: longer ones are found by what comes before
LAST = "\U0010ffff"  # comes after every character of a form
_WORD = re.compile(r"[^\W_]+")
_INITIAL = re.compile(r"(?<!\w)(\w)\.(?=\w(?!\w))")  # a letter alone, its full stop, and another letter alone


def kept_forms(name: str) -> list[str]:
    """Every form of a name, each once; none for a name without a letter or digit.

    >>> kept_forms("Caffè L'Aquila S.r.l.")
    ['caffe l aquila srl', 'l aquila srl caffe', 'aquila srl caffe l', 'srl caffe l aquila']
    """
    words = _words(name)
    turned = (words[place:] + words[:place] for place in range(min(len(words), WORDS)))
    return list(dict.fromkeys(" ".join(each)[:LONGEST] for each in turned))


def sought_form(typed: str) -> str:
    """The beginning of the forms that are meant; empty: none is.

    >>> sought_form("  CAFFE l'aq"), sought_form("%_"), sought_form("s.p.a")
    ('caffe l aq', '', 'spa')
    """
    return " ".join(_words(typed))[:LONGEST]


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
    return _WORD.findall(_INITIAL.sub(r"\1", bare))
